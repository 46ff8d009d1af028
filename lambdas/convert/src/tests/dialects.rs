//! How text is split: a table of cases, and the `csv` crate as judge.

use tarn_lake::Csv;

use super::{Random, headerless, layout, run};

/// Texts of two columns, and their rows; `-` is null.
#[test]
fn text_is_split_as_its_dialect_says() {
    let cases: &[(&str, char, &str, &[[&str; 2]])] = &[
        ("plain", ',', "a,b\nc,d\n", &[["a", "b"], ["c", "d"]]),
        ("no line end at the end", ',', "a,b\nc,d", &[["a", "b"], ["c", "d"]]),
        ("CRLF", ',', "a,b\r\nc,d\r\n", &[["a", "b"], ["c", "d"]]),
        ("CR", ',', "a,b\rc,d\r", &[["a", "b"], ["c", "d"]]),
        ("mixed line ends", ',', "a,b\rc,d\ne,f\r\ng,h", &[["a", "b"], ["c", "d"], ["e", "f"], ["g", "h"]]),
        ("empty lines", ',', "\n\na,b\n\r\n\nc,d\n\n", &[["a", "b"], ["c", "d"]]),
        ("byte order mark", ',', "\u{feff}a,b\n", &[["a", "b"]]),
        ("byte order mark and quote", ',', "\u{feff}\"a\",b\n", &[["a", "b"]]),
        ("quotes", ',', "\"a\",\"b,c\"\n", &[["a", "b,c"]]),
        ("doubled quotes", ',', "\"\"\"a\"\"\",\"b\"\"c\"\n", &[["\"a\"", "b\"c"]]),
        ("only doubled quotes", ',', "\"\"\"\",\"\"\"\"\"\"\n", &[["\"", "\"\""]]),
        ("line ends in quotes", ',', "\"a\nb\",\"c\r\nd\"\ne,f\n", &[["a\nb", "c\r\nd"], ["e", "f"]]),
        ("quote inside an unquoted field", ',', "5\" pipe, \"a\"\n", &[["5\" pipe", " \"a\""]]),
        ("nothing and the empty text", ',', ",\"\"\n\"\",\n", &[["-", ""], ["", "-"]]),
        ("spaces belong to text", ',', " a , \n", &[[" a ", " "]]),
        ("pipe", '|', "a,b|\"c|d\"\n", &[["a,b", "c|d"]]),
        ("tab", '\t', "a\tb c\n", &[["a", "b c"]]),
        ("semicolon", ';', "1,5;\n", &[["1,5", "-"]]),
        ("more than ASCII", ',', "Zoë,日本\n", &[["Zoë", "日本"]]),
        ("quoted at the end of the file", ',', "a,\"b\"", &[["a", "b"]]),
    ];
    for (name, delimiter, text, rows) in cases {
        let csv = Csv { delimiter: *delimiter, ..headerless() };
        let outcome = run(&csv, &layout(&["x string", "y string"]), text.as_bytes());
        assert_eq!(outcome.texts(), *rows, "{name}");
    }
}

#[test]
fn an_empty_line_is_a_row_where_there_is_one_column() {
    let outcome = run(&headerless(), &layout(&["x string"]), b"a\n\n\"\"\nb\n");
    assert_eq!(outcome.texts(), [["a"], ["-"], [""], ["b"]]);
}

#[test]
fn nulls_have_the_spellings_of_the_table() {
    let csv = Csv { nulls: vec!["NULL".into(), "\\N".into()], ..headerless() };
    let outcome = run(&csv, &layout(&["x string", "y int64"]), b"NULL,\\N\n\"NULL\", NULL \nnull,7\n");
    assert_eq!(
        outcome.rows().iter().map(|row| format!("{row:?}")).collect::<Vec<_>>(),
        ["[Null, Null]", "[Null, Null]", "[Str(\"null\"), Long(7)]"]
    );
}

#[test]
fn nulls_of_a_column_stand_beside_the_tables() {
    let csv = Csv { nulls: vec!["NULL".into()], ..headerless() };
    let mut table = layout(&["x int64", "y string", "z float64!"]);
    table.columns[0].nulls = vec!["-1".into(), "n/a".into()];
    table.columns[2].nulls = vec!["0".into()];
    let outcome = run(&csv, &table, b"-1,-1,1\nn/a,n/a,2\nNULL,NULL,3\n5,x,0\n\" -1 \",y,4\n");
    let rows: Vec<_> = outcome.rows().iter().map(|row| format!("{} {}", row[0], row[1])).collect();
    assert_eq!(rows, ["null \"-1\"", "null \"n/a\"", "null null", "null \"y\""]);
    assert_eq!(outcome.rejects[0].reason, "column 3 `z` is required and empty");
}

#[test]
fn a_decimal_comma_is_one_in_columns_with_a_fraction_only() {
    let csv = Csv { decimal_comma: true, delimiter: ';', ..headerless() };
    let table = layout(&["a decimal(9,2)", "b float64", "c int64", "d string"]);
    let text = b"1.234,5; 1.234,5 ;7;1,5\n\"0,25\";1e3;8;1.5\n1.5;1;1;1\n1;1,5;1.000;1\n";
    let outcome = run(&csv, &table, text);
    let rows: Vec<_> = outcome
        .rows()
        .iter()
        .map(|row| row.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(rows, ["1234.50 1234.5 7 \"1,5\"", "0.25 1000.0 8 \"1.5\""]);
    let reasons: Vec<_> = outcome.rejects.iter().map(|bad| bad.reason.as_str()).collect();
    assert_eq!(
        reasons,
        ["the value in column 1 `a` is no decimal(9,2)", "the value in column 3 `c` is no int64"]
    );
}

#[test]
fn the_csv_crate_splits_random_text_the_same_way() {
    let mut random = Random(7);
    for _ in 0..300 {
        let text = random_text(&mut random);
        let mut judge = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let wanted: Vec<Vec<String>> =
            judge.records().map(|row| row.unwrap().iter().map(Into::into).collect()).collect();
        let outcome = run(&headerless(), &layout(&["x string", "y string", "z string"]), text.as_bytes());
        let found: Vec<Vec<String>> = outcome.texts();
        let found: Vec<Vec<String>> = found
            .into_iter()
            .map(|row| row.into_iter().map(|text| text.replace('-', "")).collect())
            .collect();
        assert_eq!(found, wanted, "{text:?}");
    }
}

/// Well-formed rows of three columns, some of them longer than a block, so that rows straddle
/// every place of a block's end.
fn random_text(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..random.below(40) {
        let fields: Vec<String> = (0..3).map(|_| random_field(random)).collect();
        text += &fields.join(",");
        text += ["\n", "\r\n", "\r"][random.below(3) as usize];
    }
    text
}

fn random_field(random: &mut Random) -> String {
    const PIECES: [&str; 8] = ["a", "bc", "é", "7", " ", "\"\"", "\n", ","];
    let quoted = random.one_in(2);
    let length = if random.one_in(60) { random.below(90_000) } else { random.below(12) };
    let piece = |random: &mut Random| PIECES[random.below(if quoted { 8 } else { 5 }) as usize];
    let content: String = (0..length).map(|_| piece(random)).collect();
    if quoted { format!("\"{content}\"") } else { format!("x{content}") }
}

//! The corners of delimited text and of JSON Lines, and what tarn does in each.
//!
//! The order of authority: RFC 4180, of JSON RFC 8259; then what the table declares in `lake.toml`; then, where both
//! are silent, the reading that loses nothing and says where. No row disappears: it is in silver or
//! in quarantine. A file is refused as a whole only when its bytes are no text of the declared kind,
//! or its first row is of another layout.
//!
//! The peers are DuckDB 2.0.0 (`read_csv` with the columns given and `auto_detect = false`; what its
//! sniffer makes of it instead stands behind "sniffed") and PyArrow 26.0.1 (`newlines_in_values`,
//! `strings_can_be_null`), tried with two text columns; `-` means not tried. "refused" means the
//! whole file. Peers choose the compression by the file's name, tarn by its bytes.
//!
//! # Compression
//! | corner | tarn | DuckDB | PyArrow |
//! |---|---|---|---|
//! | gzip, zstd or bzip2 under any name | read | no rows, sniffed: refused | refused |
//! | text called `.csv.gz` | read | refused | refused |
//! | many members, frames, streams | one text | one text | one text |
//! | declared, and the bytes are something else | refused, `compression_mismatch`, names both | refused | refused |
//! | ends in the middle | refused, `truncated_gzip` (`_zstd`, `_bzip2`) | refused | refused |
//! | wrong checksum, damaged | refused, `corrupt_gzip`; zstd has a checksum only if its writer added one | - | - |
//! | bytes behind the end, zeros too | refused, `corrupt_gzip` | refused | refused |
//! | nothing in it | as an empty file | - | - |
//! | a packed file inside | refused, `not_text` | - | - |
//! | zip, tar, 7-Zip, RAR, workbook, also packed | refused, `not_supported`, says to unpack or save it | - | - |
//! | a bomb | refused at a ratio of 400 past 64 MiB, or at 256 GiB: `decompression_bomb` | - | - |
//! | zstd with a window past 32 MiB (`--ultra`, `--long`) | refused, `not_supported`: memory is bounded | - | - |
//!
//! # Characters
//! | corner | tarn | DuckDB | PyArrow |
//! |---|---|---|---|
//! | byte order mark, UTF-8 | dropped, once; offsets count it | dropped | dropped |
//! | byte order mark, UTF-16 | decides; offsets count decoded bytes without it | refused unless declared | refused unless declared |
//! | a mark that contradicts `encoding` | refused, `encoding_mismatch` | - | - |
//! | UTF-16 without a mark | `auto`: refused, says what to declare; `utf-16le` and `-be`: read | refused | refused |
//! | UTF-32 | refused, `not_text` | - | - |
//! | `latin1`, 0x80 to 0x9F | control characters of that number | refused | the same |
//! | `windows-1252`, 0x80 | `€`; a byte without a character is a control | cannot be declared so | `€` |
//! | malformed in a text column: undeclared Latin-1, overlong, surrogate, cut off | bad row, "invalid encoding" | refused | refused |
//! | malformed in a column of another type | bad row, no value of the type | - | - |
//! | malformed in a `binary` column | kept; in another encoding than UTF-8 as the byte 0xFF | - | - |
//! | malformed in a column that the schema has not | of no account | - | - |
//! | malformed in the header | refused, `header_mismatch` | - | - |
//! | NUL | bad row | kept | kept |
//! | NULs, and one byte of 16 a control, in the first 8 KiB | refused, `not_text` | - | - |
//! | 0x1A at the end, as DOS wrote | a row of its own, bad unless it fits | refused | refused |
//!
//! # Rows
//! | corner | tarn | DuckDB | PyArrow |
//! |---|---|---|---|
//! | LF, CRLF, CR | each ends a row | the same | the same |
//! | all three mixed | each ends a row | refused | the same |
//! | U+2028, U+2029, U+0085, vertical tab, form feed | text | text | text |
//! | no line end at the end | the row counts | the same | the same |
//! | empty lines, also at the end | no rows; in a table of one column a row without value | no rows | no rows |
//! | fewer fields | bad row | refused | refused |
//! | more fields | bad row | refused | refused |
//! | one delimiter too many at the end | bad row | dropped | refused |
//! | empty file | refused, `empty`; with `header = false` no rows | no rows, sniffed: refused | refused |
//! | `skip_lines` | lines by LF, CRLF or CR, quotes mean nothing; line numbers and offsets stay the file's | - | - |
//! | fewer lines than `skip_lines` | as an empty file | - | - |
//!
//! # Fields
//! | corner | tarn | DuckDB | PyArrow |
//! |---|---|---|---|
//! | nothing | null | null | null |
//! | `""` | empty text; null in other types | null | null |
//! | a null spelling in quotes | null: many exports quote everything | text | null |
//! | a quote inside an unquoted field (`5" pipe`) | text | text | text |
//! | space before a quote (`a, "b"`) | text, quotes and all | quotes taken off | text, quotes and all |
//! | text behind a closing quote (`"a"b`) | bad row | refused, sniffed: text, quotes and all | `ab` |
//! | `quote = "none"` | no byte is a quote: the empty text cannot be written | the same | the same |
//! | `escape = "backslash"`, `\n` in quotes | the letter `n` | the same | the same |
//! | a backslash outside of quotes | the next byte is itself: delimiter, half of a line end, quote | refused | the same |
//! | a backslash with nothing behind it | itself | itself | dropped |
//! | `""` inside quotes, beside backslashes | text behind a closing quote: bad row | refused | `"` closes, the rest is text |
//! | `\N` as a null spelling, beside backslashes | null; `\\N` is the text `\N`: spellings are compared as they stand | refuses the option | `N` |
//! | a comment byte at the front of a line | no row, also before the header; still a line | the same | has none |
//! | a comment byte elsewhere in a row, or in quotes | text | cuts the row off there | has none |
//! | quotes in a comment | mean nothing | - | has none |
//! | a quote that is never closed | that line is a bad row, the others go on | refused, sniffed: text | refused |
//!
//! # Values
//! | corner | tarn | DuckDB | PyArrow |
//! |---|---|---|---|
//! | `decimal_comma`, `1,5` | 1.5 | the same | the same |
//! | `decimal_comma`, `1.234,5` and `1.234` | 1234.5 and 1234: points group by threes | refused | refused |
//! | `decimal_comma`, `1.5`, `12.34`, `1234.567` | no numbers | refused | refused |
//! | `decimal_comma` in whole numbers | `1.000` is none | - | - |
//! | a column's own `nulls` | beside the table's | - | - |
//!
//! # Bad rows
//! | corner | tarn |
//! |---|---|
//! | `on_bad_row = "null"`, a value that cannot be read | null; the row is in silver, and among the rejects with the columns' names in `nulled` |
//! | ... in a required column, or in a row that cannot be split | the row goes to quarantine, `nulled` is empty |
//! | `on_bad_row = "fail"` | the first bad row of the file refuses it, `bad_row`, with its line and reason |
//! | `max_bad_rows`, `max_bad_share` | count rows with nulled values too; the share is judged at the end; `too_many_bad_rows` |
//! | several faults in a file | the first in the order of the file is told, with any number of threads |
//!
//! # Rules
//! Peers have none of these in their readers, so they have no column here; `tests/python/rules.py`
//! judges. The order of the steps is written at [`tarn_lake::Quality`].
//!
//! | corner | tarn |
//! |---|---|
//! | white space, for `trim` | Unicode's `White_Space`, no-break spaces and line breaks too, inside of quotes too |
//! | blanks only, with `trim` | null outside of quotes, the empty text inside |
//! | `fill` and `required` | never missing |
//! | `fill` and `on_bad_row = "null"` | what became null is filled, and noted among the bad rows |
//! | a row older than the column | null, not filled: rules are those of the file's layout |
//! | `nan` | within no `min`, `max` or `allowed`; one value for `unique` |
//! | `0.0` and `-0.0` | the same for every rule |
//! | `pattern` and line breaks | of the whole text; `.` is no LF, `(?s)` makes it one |
//! | `keep_last` of a text that is not longer | hidden as a whole |
//! | bytes that are no UTF-8 in a column with rules | bad row, "invalid encoding", before any rule |
//! | null in a key of `unique` | the row is like no other |
//! | a row that is bad for another reason | takes no key from a later one |
//! | a row kept by `on_bad_row = "null"` that repeats a key | left out, as a duplicate |
//! | duplicates in one file, any number of threads | the first in the file's order stays |
//! | more keys than `Limits::unique_bytes` | refused, `too_many_keys` |
//! | `unique` and splits | the file is not split |
//!
//! # JSON Lines
//! Compression and characters are as above. The peers are `read_json` of DuckDB with the columns given
//! and `format = 'newline_delimited'`, and `pyarrow.json` with an explicit schema.
//!
//! | corner | tarn | DuckDB | PyArrow |
//! |---|---|---|---|
//! | LF, CRLF | each ends a line | the same | the same |
//! | CR alone | white space: two objects on one line are a bad row | refused | ends a line |
//! | blank lines, also of spaces | no rows | no rows | no rows |
//! | empty file | no rows | no rows | refused |
//! | `{}` | a row without values | the same | the same |
//! | a key is missing, or its value `null` | null | null | null |
//! | keys in another order | by name | by name | by name |
//! | a key in another case, or with spaces around (`UserId`) | its column, unless another key names it exactly | null in silence | null in silence |
//! | a key that no column has | ignored, whatever its value | ignored | ignored |
//! | only such keys | bad row: it is most likely of another table | a row of nulls | a row of nulls |
//! | a column's key twice | bad row: nobody can tell which value is meant | refused | refused |
//! | escapes, pairs of surrogates | resolved, in keys too | resolved | resolved |
//! | half a pair (`\ud800`) | as malformed text: bad row; in `binary` the byte 0xFF | refused | refused |
//! | `\u0000` | bad row, as NUL is in delimited text | kept | kept |
//! | malformed UTF-8 | bad row if a text column of the schema has it | refused | refused |
//! | a control character in a string, not escaped | bad row | refused | refused |
//! | number in a text column (`1.10`) | as it is written, `1.10` | `1.1`, and `1e3` is `1000.0` | refused |
//! | `true` in a text column | `true` | `true` | refused |
//! | a whole number past 2^53 | exact | exact | exact |
//! | `1.0` or `1e3` in a column of whole numbers | bad row; `decimal(18,0)` takes `1.0` | 1, 1000 | refused |
//! | too many digits for a decimal (`1.555`) | bad row, never rounded | rounded, `1.56` | refused |
//! | a number in quotes (`"7"`) | read as in delimited text: 7 | 7 | refused |
//! | `""` | empty text; null in other types | refused in other types | refused in other types |
//! | a null spelling, in quotes or as a number | null | - | - |
//! | object or list in `string` or `binary` | its JSON, as it is written | its JSON, without spaces | refused |
//! | object or list in another type | bad row, no value of the type | refused | refused |
//! | `NaN`, `Infinity`, `None`, `True` | bad row | `NaN` is read | refused |
//! | `01`, `+1`, `.5`, `1.` | bad row | - | - |
//! | a comma too many (`[1,]`, `{"a":1,}`) | bad row | read | refused |
//! | comments, single quotes, keys without quotes | bad row | refused | refused |
//! | two objects on a line | bad row | refused | two rows |
//! | a line that is no object | bad row that says what is wrong at which byte | refused | refused |
//! | a string that is not closed | that line is a bad row, the others go on | refused | refused |
//! | more than 128 objects and lists in one another | bad row | read | refused |
//! | the first line opens a list, or an object that it does not close | refused, `not_json_lines`, says what makes lines of it | refused | a list refused, an object over lines read |
//! | U+FEFF before a later line | bad row | - | - |
//!
//! # Folders
//! What a folder is called for each value is in the head of `folders`.
//!
//! | corner | tarn |
//! |---|---|
//! | null in `partition_by` | `__HIVE_DEFAULT_PARTITION__` |
//! | the empty text | the same: Hive has no other name for it |
//! | the text `__HIVE_DEFAULT_PARTITION__` | bad row |
//! | `007` in an integer column | `7`: the value's folder, not the spelling's |
//! | a value whose folders take more than 765 bytes | bad row |
//! | more values than `max_partitions` | refused, `too_many_partitions`; `tarn convert` sorts instead |
//! | a column that the file's layout has not | the folder of null |
//! | a hidden column (`hash`, `mask`) | refused: the folder's name would show it |

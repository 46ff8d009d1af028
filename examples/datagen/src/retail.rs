//! The clickstream of an online shop, shaped like the RetailRocket export.
//!
//! What matters for a lake is kept: the skew of events, visitors and items, the mostly empty `transactionid`,
//! rows that are nearly but not quite in order, long word lists, ids that join. Shares and ranges follow the
//! public export; no value is copied from it. Three properties go beyond it, so that queries have
//! answers worth checking: every item has a category, every category is in the tree, and rows that state the
//! same property of an item in the same week agree.

use std::path::Path;

use crate::output::{CsvFile, Failure, Written};
use crate::random::{Random, scatter};

/// The most rows one delivery may have; it keeps the transaction ids of deliveries apart.
pub const MOST_ROWS: u64 = 10_000_000_000;
/// The last delivery that may be asked for; about 27 years after the first one.
pub const LAST_PART: u32 = 10_000;

const FIRST_MS: u64 = 1_430_622_004_384; // 2015-05-03, early
const END_MS: u64 = 1_442_545_187_789; // 2015-09-18, early
const FIRST_SNAPSHOT_MS: u64 = 1_431_226_800_000; // 2015-05-10 03:00 UTC
const SNAPSHOTS: u64 = 18;
const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
const WEEK_MS: u64 = 7 * DAY_MS;
/// How far a row may lie behind its place: collectors deliver late.
const JITTER_MS: u64 = 40 * 60_000;

const ITEM_IDS: u64 = 466_867;
const VISITOR_IDS: u64 = 1_407_580;
const PROPERTY_IDS: u64 = 1_104;
const CATEGORY_IDS: u64 = 1_699;
const CATEGORIES: u64 = 1_669;
const WORDS: u64 = 1_399_999;

/// Item properties per item; with one item per 20 events this makes 0.7 properties per event.
const PROPERTIES_PER_ITEM: u64 = 14;
const EVENTS_PER_ITEM: u64 = 20;
const EVENTS_PER_VISITOR: u64 = 2;

/// What to generate.
#[derive(Debug, Clone)]
pub struct Order {
    /// Rows of events.
    pub rows: u64,
    pub seed: u64,
    /// A later delivery, which has events only; without it, the first delivery of all tables.
    pub part: Option<u32>,
}

/// Writes the delivery into `folder` and says what it wrote.
pub fn write(folder: &Path, order: &Order) -> Result<Vec<Written>, Failure> {
    if order.part.is_some() {
        return Ok(vec![write_events(folder, order)?]);
    }
    let mut written = vec![write_events(folder, order)?];
    written.extend(write_item_properties(folder, order)?);
    written.push(write_category_tree(folder, order)?);
    Ok(written)
}

/// What a stream of random numbers is for, so that no table's rows depend on another's.
#[derive(Clone, Copy)]
enum Purpose {
    Events,
    Properties,
    Values,
    Tree,
    CategoryOfItem,
}

impl Order {
    fn random(&self, purpose: Purpose, labels: &[u64]) -> Random {
        let mut all = vec![purpose as u64];
        all.extend_from_slice(labels);
        Random::new(self.seed, &all)
    }

    /// Items in the shop. A larger order has all the items of a smaller one, and more.
    fn items(&self) -> u64 {
        (self.rows / EVENTS_PER_ITEM).clamp(1, ITEM_IDS)
    }

    fn visitors(&self) -> u64 {
        (self.rows / EVENTS_PER_VISITOR).clamp(1, VISITOR_IDS)
    }

    /// Fewer than the rows of events, except that a tree needs one.
    fn categories(&self) -> u64 {
        (self.rows - 1).clamp(1, CATEGORIES)
    }

    fn property_rows(&self) -> u64 {
        self.rows / 10 * 7 + self.rows % 10 * 7 / 10
    }

    /// The category that an item belongs to, always in the tree and, if the tree is big enough, a leaf.
    fn category_of(&self, item: u64) -> u64 {
        let inner = self.categories() / 4;
        let leaf = self.random(Purpose::CategoryOfItem, &[item]).below(self.categories() - inner);
        category_id(inner + leaf)
    }

    /// The first millisecond of the events, and the one after the last.
    fn period(&self) -> (u64, u64) {
        match self.part {
            None => (FIRST_MS, END_MS),
            Some(part) => {
                let start = END_MS + u64::from(part.saturating_sub(1)) * DAY_MS;
                (start, start + DAY_MS)
            }
        }
    }
}

fn write_events(folder: &Path, order: &Order) -> Result<Written, Failure> {
    let name = match order.part {
        None => "events.csv".to_owned(),
        Some(part) => format!("events_part{part}.csv"),
    };
    let mut file = CsvFile::create(folder, &name, "timestamp,visitorid,event,itemid,transactionid")?;
    let mut shop = Shop::open(order);
    let mut clock = Clock::new(order);
    for _ in 0..order.rows {
        let Event { timestamp, visitor, kind, item } = shop.next(&mut clock);
        file.number(timestamp).comma().number(visitor).comma();
        match kind {
            Kind::View => file.text("view,").number(item).comma(),
            Kind::AddToCart => file.text("addtocart,").number(item).comma(),
            Kind::Transaction(id) => file.text("transaction,").number(item).comma().number(id),
        };
        file.end_row()?;
    }
    file.finish("events")
}

#[derive(Clone, Copy)]
struct Event {
    timestamp: u64,
    visitor: u64,
    kind: Kind,
    item: u64,
}

#[derive(Clone, Copy)]
enum Kind {
    View,
    AddToCart,
    Transaction(u64),
}

/// Visitors at work: what is put into a cart was viewed shortly before, what is bought was in a cart.
struct Shop {
    random: Random,
    items: u64,
    visitors: u64,
    views: Recent<256>,
    carts: Recent<32>,
    next_transaction: u64,
    /// The purchase that the next row belongs to as well.
    unfinished: Option<Event>,
}

impl Shop {
    fn open(order: &Order) -> Self {
        let part = u64::from(order.part.unwrap_or(0));
        Self {
            random: order.random(Purpose::Events, &[part]),
            items: order.items(),
            visitors: order.visitors(),
            views: Recent::default(),
            carts: Recent::default(),
            // Fewer than one event in a hundred is a transaction, so deliveries never share an id.
            next_transaction: part * (MOST_ROWS / 100),
            unfinished: None,
        }
    }

    /// The next event. A purchase of several items has one row for each, with the same id and time.
    fn next(&mut self, clock: &mut Clock) -> Event {
        let timestamp = clock.tick(&mut self.random);
        if let Some(purchase) = self.unfinished.take() {
            let item = self.any_item();
            return self.buy(Event { item, ..purchase });
        }
        // Purchases have 1.25 rows on average: 64 in 10,000 purchases are 80 rows.
        let chosen = match self.random.below(10_000) {
            0..64 => self.carts.pick(&mut self.random).map(|pair| (pair, self.start_purchase())),
            64..314 => self.views.pick(&mut self.random).map(|pair| (pair, Kind::AddToCart)),
            _ => None,
        };
        // The first visitors find nothing to buy and go on looking.
        let ((visitor, item), kind) = chosen.unwrap_or_else(|| (self.any(), Kind::View));
        let event = Event { timestamp, visitor, kind, item };
        match kind {
            Kind::View => self.views.push((visitor, item)),
            Kind::AddToCart => self.carts.push((visitor, item)),
            Kind::Transaction(_) => return self.buy(event),
        }
        event
    }

    fn start_purchase(&mut self) -> Kind {
        self.next_transaction += 1;
        Kind::Transaction(self.next_transaction - 1)
    }

    fn buy(&mut self, purchase: Event) -> Event {
        self.unfinished = self.random.chance(1, 5).then_some(purchase);
        purchase
    }

    fn any(&mut self) -> (u64, u64) {
        let visitor = scatter(self.random.rank(self.visitors), VISITOR_IDS);
        (visitor, self.any_item())
    }

    fn any_item(&mut self) -> u64 {
        item_id(self.random.rank(self.items))
    }
}

/// The last `N` pairs of visitor and item.
struct Recent<const N: usize> {
    pairs: [(u64, u64); N],
    pushed: usize,
}

impl<const N: usize> Default for Recent<N> {
    fn default() -> Self {
        Self { pairs: [(0, 0); N], pushed: 0 }
    }
}

impl<const N: usize> Recent<N> {
    fn push(&mut self, pair: (u64, u64)) {
        self.pairs[self.pushed % N] = pair;
        self.pushed += 1;
    }

    fn pick(&self, random: &mut Random) -> Option<(u64, u64)> {
        let known = self.pushed.min(N) as u64;
        (known > 0).then(|| self.pairs[random.below(known) as usize])
    }
}

/// Spreads the rows over the period: busy evenings, quiet mornings, and each row a little late.
struct Clock {
    start: u64,
    end: u64,
    /// The hour that the next row falls into, and the visits before it.
    hour: u64,
    before: f64,
    row: u64,
    visits_per_row: f64,
}

/// How busy each hour of the period's days is; the first begins at about 03:00 UTC.
const BUSY: [f64; 24] = [
    11.0, 10.0, 9.0, 7.0, 5.0, 4.0, 3.0, 2.0, 2.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 11.0, 12.0, 12.0, 13.0,
    13.0, 12.0, 12.0, 12.0, 12.0,
];

impl Clock {
    fn new(order: &Order) -> Self {
        let (start, end) = order.period();
        let hours = (end - start).div_ceil(HOUR_MS);
        let visits: f64 = (0..hours).map(busy).sum();
        Self { start, end, hour: 0, before: 0.0, row: 0, visits_per_row: visits / order.rows as f64 }
    }

    fn tick(&mut self, random: &mut Random) -> u64 {
        let position = self.row as f64 * self.visits_per_row;
        self.row += 1;
        while position >= self.before + busy(self.hour) {
            self.before += busy(self.hour);
            self.hour += 1;
        }
        let within = (position - self.before) / busy(self.hour) * HOUR_MS as f64;
        let late = random.below(JITTER_MS);
        let timestamp = self.start + self.hour * HOUR_MS + within as u64 + late;
        // Cutting off at the end would give many rows the very last millisecond.
        if timestamp < self.end { timestamp } else { self.end - 1 - late }
    }
}

fn busy(hour: u64) -> f64 {
    BUSY[(hour % 24) as usize]
}

/// Writes both files. As in the export, neither is in order, and each covers all items and all weeks.
fn write_item_properties(folder: &Path, order: &Order) -> Result<[Written; 2], Failure> {
    let rows = order.property_rows();
    let first_rows = rows - rows * 46 / 100;
    let mut properties = Properties::new(order);
    let mut write = |name, rows| {
        let mut file = CsvFile::create(folder, name, "timestamp,itemid,property,value")?;
        for _ in 0..rows {
            properties.write_row(&mut file)?;
        }
        file.finish("item_properties")
    };
    Ok([
        write("item_properties_part1.csv", first_rows)?,
        write("item_properties_part2.csv", rows - first_rows)?,
    ])
}

/// Goes through the items again and again; each turn is some rows, one with the category of the item.
struct Properties<'a> {
    order: &'a Order,
    random: Random,
    row: u64,
    category_slot: u64,
    available_slot: u64,
}

impl<'a> Properties<'a> {
    fn new(order: &'a Order) -> Self {
        let random = order.random(Purpose::Properties, &[]);
        Self { order, random, row: 0, category_slot: 0, available_slot: 0 }
    }

    fn write_row(&mut self, file: &mut CsvFile) -> Result<(), Failure> {
        let (turn, slot) = (self.row / PROPERTIES_PER_ITEM, self.row % PROPERTIES_PER_ITEM);
        self.row += 1;
        if slot == 0 {
            self.category_slot = self.random.below(PROPERTIES_PER_ITEM);
            let distance = 1 + self.random.below(PROPERTIES_PER_ITEM - 1);
            self.available_slot = (self.category_slot + distance) % PROPERTIES_PER_ITEM;
        }
        let item_of_turn = item_id(turn % self.order.items());
        let week = self.random.below(SNAPSHOTS);
        if slot == self.category_slot {
            row_start(file, week, item_of_turn)
                .text("categoryid,")
                .number(self.order.category_of(item_of_turn));
        } else if slot == self.available_slot {
            let mut value = self.order.random(Purpose::Values, &[item_of_turn, PROPERTY_IDS, week]);
            row_start(file, week, item_of_turn).text("available,").number(value.below(2));
        } else {
            let item = item_id(self.random.below(self.order.items()));
            let property = self.property();
            row_start(file, week, item).number(property).comma();
            write_value(file, property, self.order.random(Purpose::Values, &[item, property, week]));
        }
        file.end_row()
    }

    /// A numbered property: the price for one in nine, else one that is the rarer the higher its rank.
    fn property(&mut self) -> u64 {
        if self.random.chance(1, 9) {
            return PRICE;
        }
        scatter(self.random.rank(PROPERTY_IDS), PROPERTY_IDS)
    }
}

const PRICE: u64 = 790;
/// The most frequent property; its word lists are the longest.
const DESCRIPTION: u64 = scatter(0, PROPERTY_IDS);

fn row_start(file: &mut CsvFile, week: u64, item: u64) -> &mut CsvFile {
    file.number(FIRST_SNAPSHOT_MS + week * WEEK_MS).comma().number(item).comma()
}

/// Writes a list of hashed words, and of numbers that are prefixed with `n` and have three decimals.
fn write_value(file: &mut CsvFile, property: u64, mut random: Random) {
    if property == PRICE {
        // Prices have the skew of everything else, between 120 and 600,000 in steps of 120.
        write_measure(file, 120_000 * (1 + random.rank(5_000)));
        return;
    }
    let (more, of, most) = if property == DESCRIPTION { (7, 8, 40) } else { (1, 2, 12) };
    for position in 0..most {
        if position > 0 {
            if !random.chance(more, of) {
                return;
            }
            file.text(" ");
        }
        if random.chance(1, 4) {
            write_measure(file, 1_200 * (1 + random.rank(1_000)));
        } else {
            file.number(1 + scatter(random.rank(WORDS), WORDS));
        }
    }
}

fn write_measure(file: &mut CsvFile, thousandths: u64) {
    file.text("n").number(thousandths / 1_000).text(".");
    let rest = thousandths % 1_000;
    file.text(if rest < 10 {
        "00"
    } else if rest < 100 {
        "0"
    } else {
        ""
    });
    file.number(rest);
}

/// Writes the tree in random order; a parent may come behind its children.
fn write_category_tree(folder: &Path, order: &Order) -> Result<Written, Failure> {
    let categories = order.categories();
    let roots = (categories / 64).max(1);
    let mut random = order.random(Purpose::Tree, &[]);
    let mut rows: Vec<(u64, Option<u64>)> = (0..categories)
        .map(|category| {
            // Parents from the first quarter keep the tree shallow, and everything behind it a leaf.
            let parent = (category >= roots).then(|| random.below((category / 4).max(roots)));
            (category_id(category), parent.map(category_id))
        })
        .collect();
    for end in (1..rows.len()).rev() {
        rows.swap(end, random.below(end as u64 + 1) as usize);
    }
    let mut file = CsvFile::create(folder, "category_tree.csv", "categoryid,parentid")?;
    for (category, parent) in rows {
        file.number(category).comma();
        if let Some(parent) = parent {
            file.number(parent);
        }
        file.end_row()?;
    }
    file.finish("category_tree")
}

fn item_id(rank: u64) -> u64 {
    scatter(rank, ITEM_IDS)
}

fn category_id(rank: u64) -> u64 {
    scatter(rank, CATEGORY_IDS)
}

#[cfg(test)]
pub mod tests {
    use std::collections::{HashMap, HashSet};
    use std::fs;
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// An empty folder that goes when the test ends.
    pub struct Folder(pub PathBuf);

    impl Folder {
        pub fn new() -> Self {
            static COUNT: AtomicU32 = AtomicU32::new(0);
            let name =
                format!("tarn-datagen-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
            let path = std::env::temp_dir().join(name);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        /// The data rows of a file, as fields.
        fn rows(&self, name: &str) -> Vec<Vec<String>> {
            let text = fs::read_to_string(self.0.join(name)).unwrap();
            text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn order(rows: u64, seed: u64) -> Order {
        Order { rows, seed, part: None }
    }

    fn delivered(order: &Order) -> (Folder, Vec<Written>) {
        let folder = Folder::new();
        let written = write(&folder.0, order).unwrap();
        (folder, written)
    }

    fn number(field: &str) -> u64 {
        field.parse().unwrap_or_else(|_| panic!("{field:?} is not a number"))
    }

    #[test]
    fn the_same_order_gives_the_same_bytes_and_another_seed_does_not() {
        let [(one, written), (two, again), (other, _)] =
            [delivered(&order(5_000, 7)), delivered(&order(5_000, 7)), delivered(&order(5_000, 8))];
        assert_eq!(written, again);
        for Written { name, .. } in written {
            let bytes = |folder: &Folder| fs::read(folder.0.join(&name)).unwrap();
            assert_eq!(bytes(&one), bytes(&two), "{name}");
            assert_ne!(bytes(&one), bytes(&other), "{name}");
        }
    }

    #[test]
    fn the_account_agrees_with_the_files() {
        for rows in [1, 2, 9, 1_000, 20_001] {
            let (folder, written) = delivered(&order(rows, 7));
            assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 4, "only the four files");
            let mut properties = 0;
            for Written { name, table, rows, bytes } in written {
                let text = fs::read_to_string(folder.0.join(&name)).unwrap();
                assert_eq!(text.lines().count() as u64, rows + 1, "{name}");
                assert_eq!(text.len() as u64, bytes, "{name}");
                assert!(text.ends_with('\n') && !text.contains(['"', '\r']), "{name}");
                let columns = text.lines().next().unwrap().split(',').count();
                assert!(text.lines().all(|line| line.split(',').count() == columns), "{name}");
                properties += if table == "item_properties" { rows } else { 0 };
            }
            assert_eq!(properties, rows * 7 / 10);
        }
    }

    #[test]
    fn events_have_their_shares_and_only_transactions_have_an_id() {
        let (folder, _) = delivered(&order(200_000, 7));
        let mut counts = HashMap::new();
        for row in folder.rows("events.csv") {
            assert_eq!(row[2] == "transaction", !row[4].is_empty(), "{row:?}");
            *counts.entry(row[2].clone()).or_insert(0u32) += 1;
        }
        for (event, percent, tolerance) in
            [("view", 96.7, 0.3), ("addtocart", 2.5, 0.2), ("transaction", 0.8, 0.1)]
        {
            let share = f64::from(counts[event]) / 2_000.0;
            assert!((share - percent).abs() < tolerance, "{event} has {share} %");
        }
        assert_eq!(counts.len(), 3);
    }

    #[test]
    fn a_purchase_has_one_visitor_and_one_time() {
        let (folder, _) = delivered(&order(100_000, 7));
        let mut purchases: HashMap<String, (String, String)> = HashMap::new();
        let mut rows = 0;
        for row in folder.rows("events.csv").into_iter().filter(|row| row[2] == "transaction") {
            let who_when = (row[1].clone(), row[0].clone());
            assert_eq!(*purchases.entry(row[4].clone()).or_insert_with(|| who_when.clone()), who_when);
            rows += 1;
        }
        assert!(purchases.len() < rows, "some purchases have several items");
    }

    #[test]
    fn events_rise_over_the_whole_period_but_are_not_sorted() {
        for rows in [1_000, 100_000] {
            let (folder, _) = delivered(&order(rows, 7));
            let times: Vec<u64> = folder.rows("events.csv").iter().map(|row| number(&row[0])).collect();
            assert!(times.iter().all(|time| (FIRST_MS..END_MS).contains(time)));
            assert!(times[0] < FIRST_MS + DAY_MS && times[times.len() - 1] > END_MS - DAY_MS);
            let mut latest = 0;
            for time in &times {
                // A purchase of several items keeps its first row's time; three rows are hours in a small file.
                assert!(*time + DAY_MS > latest, "{time} is more than a day behind {latest}");
                latest = latest.max(*time);
            }
            assert!(rows == 1_000 || !times.is_sorted(), "a large file has rows out of order");
        }
    }

    #[test]
    fn visitors_and_items_are_skewed_and_within_their_ids() {
        let (folder, _) = delivered(&order(100_000, 7));
        let rows = folder.rows("events.csv");
        for (column, ids, at_least) in [(1, VISITOR_IDS, 40), (3, ITEM_IDS, 300)] {
            let mut counts = HashMap::new();
            for row in &rows {
                *counts.entry(number(&row[column])).or_insert(0) += 1;
            }
            assert!(counts.keys().all(|id| *id < ids));
            let most = counts.values().max().unwrap();
            let mean = rows.len() / counts.len();
            assert!(
                *most >= at_least,
                "column {column}: the most frequent id has {most} rows, the mean is {mean}"
            );
        }
    }

    #[test]
    fn properties_are_weekly_and_of_the_three_kinds() {
        let (folder, _) = delivered(&order(50_000, 7));
        let mut values: HashMap<(String, String, String), String> = HashMap::new();
        let mut lists = 0;
        for name in ["item_properties_part1.csv", "item_properties_part2.csv"] {
            for row in folder.rows(name) {
                let since = number(&row[0]) - FIRST_SNAPSHOT_MS;
                assert!(since.is_multiple_of(WEEK_MS) && since / WEEK_MS < SNAPSHOTS, "{row:?}");
                match row[2].as_str() {
                    "categoryid" => assert!(number(&row[3]) < CATEGORY_IDS),
                    "available" => assert!(number(&row[3]) < 2),
                    other => {
                        assert!(number(other) < PROPERTY_IDS);
                        assert!(row[3].split(' ').all(is_word), "{row:?}");
                        lists += u32::from(row[3].contains(' '));
                    }
                }
                let key = (row[0].clone(), row[1].clone(), row[2].clone());
                assert_eq!(*values.entry(key).or_insert_with(|| row[3].clone()), row[3], "{row:?}");
            }
        }
        assert!(lists > 10_000, "{lists} lists of words");
    }

    fn is_word(word: &str) -> bool {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match word.strip_prefix('n').map(|measure| measure.split_once('.')) {
            None => digits(word),
            Some(Some((whole, thousandths))) => {
                digits(whole) && digits(thousandths) && thousandths.len() == 3
            }
            Some(None) => false,
        }
    }

    #[test]
    fn every_item_has_a_category_and_every_category_leads_to_a_root() {
        let (folder, _) = delivered(&order(20_000, 7));
        let parents: HashMap<String, String> = folder
            .rows("category_tree.csv")
            .into_iter()
            .map(|row| (row[0].clone(), row[1].clone()))
            .collect();
        assert_eq!(parents.len() as u64, CATEGORIES, "no category twice");
        for start in parents.keys() {
            let (mut category, mut depth) = (start, 0);
            while !parents[category].is_empty() {
                category = &parents[category];
                depth += 1;
                assert!(depth < 8, "{start} is too deep");
            }
        }
        let mut categorised = HashSet::new();
        for name in ["item_properties_part1.csv", "item_properties_part2.csv"] {
            for row in folder.rows(name).into_iter().filter(|row| row[2] == "categoryid") {
                assert!(parents.contains_key(&row[3]), "{row:?}");
                categorised.insert(row[1].clone());
            }
        }
        assert!(folder.rows("events.csv").iter().all(|row| categorised.contains(&row[3])));
    }

    #[test]
    fn a_part_is_later_than_everything_before_it_and_shares_no_transaction() {
        let (folder, _) = delivered(&order(20_000, 7));
        let mut transactions = HashSet::new();
        let mut end = END_MS;
        let first = folder.rows("events.csv");
        transactions.extend(first.into_iter().map(|row| row[4].clone()).filter(|id| !id.is_empty()));
        for part in 1..=3 {
            let written = write(&folder.0, &Order { part: Some(part), ..order(5_000, 7) }).unwrap();
            let name = format!("events_part{part}.csv");
            assert_eq!((written.len(), &written[0].name, written[0].rows), (1, &name, 5_000));
            let mut own = HashSet::new();
            for row in folder.rows(&name) {
                assert!((end..end + DAY_MS).contains(&number(&row[0])), "{row:?}");
                own.insert(row[4].clone());
            }
            own.remove("");
            assert!(!own.is_empty() && transactions.is_disjoint(&own));
            transactions.extend(own);
            end += DAY_MS;
        }
    }
}

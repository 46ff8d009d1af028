//! Tickets for events, in the seven tables of the Tickit schema: who lists tickets for which event, and who
//! buys them.
//!
//! Names, keys and proportions are those of the schema as Redshift's documentation has it; no value is
//! copied from its data. Keys join: every sale has a listing, whose seller, event and price it carries;
//! every listing has an event, and every event a venue, a category and a day.

use std::path::Path;

use crate::output::{CsvFile, Failure, Written};
use crate::random::Random;

/// The most sales one delivery may have; it keeps the ids of deliveries apart.
pub const MOST_ROWS: u64 = 1_000_000_000;
/// The last delivery that may be asked for: the last day of the year.
pub const LAST_PART: u32 = 31;

/// Days of 2008, and those of them that the first delivery has sales of.
const DAYS: u64 = 366;
const FIRST_DAYS: u64 = DAYS - LAST_PART as u64;
/// The id of the first day.
const FIRST_DATE: u64 = 1_827;
const VENUES: u64 = 202;
const MOST_EVENTS: u64 = 8_798;
const MOST_USERS: u64 = 49_990;

const MONTHS: [(&str, u64); 12] = [
    ("JAN", 31),
    ("FEB", 29),
    ("MAR", 31),
    ("APR", 30),
    ("MAY", 31),
    ("JUN", 30),
    ("JUL", 31),
    ("AUG", 31),
    ("SEP", 30),
    ("OCT", 31),
    ("NOV", 30),
    ("DEC", 31),
];
/// The first of January was a Tuesday.
const WEEKDAYS: [&str; 7] = ["TU", "WE", "TH", "FR", "SA", "SU", "MO"];
const HOLIDAYS: [u64; 5] = [0, 20, 185, 331, 359];
const CATEGORIES: [(&str, &str, &str); 11] = [
    ("Sports", "MLB", "Baseball"),
    ("Sports", "NHL", "Ice hockey"),
    ("Sports", "NFL", "American football"),
    ("Sports", "NBA", "Basketball"),
    ("Sports", "MLS", "Football"),
    ("Shows", "Musicals", "Musical theatre"),
    ("Shows", "Plays", "Theatre without music"),
    ("Shows", "Opera", "Opera and light opera"),
    ("Concerts", "Pop", "Rock and pop"),
    ("Concerts", "Jazz", "Jazz singers and bands"),
    ("Concerts", "Classical", "Symphony and choir"),
];
const CITIES: [(&str, &str); 8] = [
    ("Portland", "OR"),
    ("Denver", "CO"),
    ("Chicago", "IL"),
    ("Boston", "MA"),
    ("Austin", "TX"),
    ("Miami", "FL"),
    ("Seattle", "WA"),
    ("New York", "NY"),
];
const SYLLABLES: [&str; 12] = ["an", "bel", "cor", "da", "el", "fin", "gar", "ho", "is", "jo", "ken", "lu"];
const LIKES: [&str; 10] = [
    "likesports",
    "liketheatre",
    "likeconcerts",
    "likejazz",
    "likeclassical",
    "likeopera",
    "likerock",
    "likevegas",
    "likebroadway",
    "likemusicals",
];

/// What to generate.
#[derive(Debug, Clone)]
pub struct Order {
    /// Rows of sales.
    pub rows: u64,
    pub seed: u64,
    /// A later delivery, which has sales of one day only; without it, the first delivery of all tables.
    pub part: Option<u32>,
}

/// Writes the delivery into `folder` and says what it wrote.
pub fn write(folder: &Path, order: &Order) -> Result<Vec<Written>, Failure> {
    if order.part.is_some() {
        return Ok(vec![write_sales(folder, order)?]);
    }
    Ok(vec![
        write_users(folder, order)?,
        write_venues(folder, order)?,
        write_categories(folder)?,
        write_dates(folder)?,
        write_events(folder, order)?,
        write_listings(folder, order)?,
        write_sales(folder, order)?,
    ])
}

/// What a stream of random numbers is for, so that no table's rows depend on another's.
#[derive(Clone, Copy)]
enum Purpose {
    User = 100,
    Venue,
    Event,
    Listing,
    Sale,
}

struct Listing {
    seller: u64,
    event: u64,
    date: u64,
    tickets: u64,
    cents: u64,
    second: u64,
}

impl Order {
    fn random(&self, purpose: Purpose, id: u64) -> Random {
        Random::new(self.seed, &[purpose as u64, id])
    }

    fn users(&self) -> u64 {
        (self.rows / 4).clamp(2, MOST_USERS)
    }

    fn events(&self) -> u64 {
        (self.rows / 20).clamp(1, MOST_EVENTS)
    }

    fn listings(&self) -> u64 {
        self.rows / 10 * 11 + 1
    }

    /// What is offered by a listing. Tickets are whole; prices have cents.
    fn listing(&self, id: u64) -> Listing {
        let mut random = self.random(Purpose::Listing, id);
        Listing {
            seller: 1 + random.below(self.users()),
            event: 1 + random.rank(self.events()),
            date: random.below(FIRST_DAYS),
            tickets: 1 + random.below(10),
            cents: 2_000 + random.rank(250_000),
            second: random.below(86_400),
        }
    }
}

fn write_users(folder: &Path, order: &Order) -> Result<Written, Failure> {
    let header = format!("userid,username,firstname,lastname,city,state,email,phone,{}", LIKES.join(","));
    let mut file = CsvFile::create(folder, "users.csv", &header)?;
    for id in 1..=order.users() {
        let mut random = order.random(Purpose::User, id);
        let (first, last) = (name(&mut random), name(&mut random));
        let (city, state) = CITIES[random.below(CITIES.len() as u64) as usize];
        let phone = format!("({}) 555-{:04}", 201 + random.below(700), random.below(10_000));
        file.number(id).text(&format!(",U{id:07},{first},{last},{city},{state}"));
        file.text(&format!(",{}.{}{id}@example.com,{phone}", first.to_lowercase(), last.to_lowercase()));
        for _ in LIKES {
            // Most people say nothing of most things.
            let like = ["", "", "true", "false"][random.below(4) as usize];
            file.comma().text(like);
        }
        file.end_row()?;
    }
    file.finish("users")
}

fn write_venues(folder: &Path, order: &Order) -> Result<Written, Failure> {
    let mut file =
        CsvFile::create(folder, "venues.csv", "venueid,venuename,venuecity,venuestate,venueseats")?;
    for id in 1..=VENUES {
        let mut random = order.random(Purpose::Venue, id);
        let (city, state) = CITIES[random.below(CITIES.len() as u64) as usize];
        let kind = ["Hall", "Arena", "Theatre", "Field"][random.below(4) as usize];
        file.number(id).text(&format!(",{} {kind},{city},{state},", name(&mut random)));
        // Of every fifth nobody counted the seats.
        if !random.chance(1, 5) {
            file.number(500 * (1 + random.below(160)));
        }
        file.end_row()?;
    }
    file.finish("venues")
}

fn write_categories(folder: &Path) -> Result<Written, Failure> {
    let mut file = CsvFile::create(folder, "categories.csv", "catid,catgroup,catname,catdesc")?;
    for (id, (group, name, description)) in (1..).zip(CATEGORIES) {
        file.number(id).text(&format!(",{group},{name},{description}")).end_row()?;
    }
    file.finish("categories")
}

fn write_dates(folder: &Path) -> Result<Written, Failure> {
    let mut file = CsvFile::create(folder, "dates.csv", "dateid,caldate,day,week,month,qtr,year,holiday")?;
    for day in 0..DAYS {
        let (month, _) = month_of(day);
        let (weekday, week) = (WEEKDAYS[(day % 7) as usize], day / 7 + 1);
        file.number(FIRST_DATE + day).text(&format!(",{},{weekday},{week}", date(day)));
        file.text(&format!(",{},{},2008,{}", MONTHS[month].0, month / 3 + 1, HOLIDAYS.contains(&day)));
        file.end_row()?;
    }
    file.finish("dates")
}

fn write_events(folder: &Path, order: &Order) -> Result<Written, Failure> {
    let mut file = CsvFile::create(folder, "events.csv", "eventid,venueid,catid,dateid,eventname,starttime")?;
    for id in 1..=order.events() {
        let mut random = order.random(Purpose::Event, id);
        let (venue, day) = (1 + random.below(VENUES), random.below(DAYS));
        let category = 1 + random.below(CATEGORIES.len() as u64);
        let hour = [14, 15, 19, 20][random.below(4) as usize];
        let title = format!("{} {}", name(&mut random), name(&mut random));
        file.number(id).comma().number(venue).comma().number(category).comma().number(FIRST_DATE + day);
        file.text(&format!(",{title},{} {hour}:{:02}:00", date(day), 30 * random.below(2))).end_row()?;
    }
    file.finish("events")
}

fn write_listings(folder: &Path, order: &Order) -> Result<Written, Failure> {
    let header = "listid,sellerid,eventid,dateid,numtickets,priceperticket,totalprice,listtime";
    let mut file = CsvFile::create(folder, "listings.csv", header)?;
    for id in 1..=order.listings() {
        let listing = order.listing(id);
        file.number(id).comma().number(listing.seller).comma().number(listing.event);
        file.comma().number(FIRST_DATE + listing.date).comma().number(listing.tickets);
        let (price, total) = (money(listing.cents), money(listing.cents * listing.tickets));
        file.text(&format!(",{price},{total},{}", moment(listing.date, listing.second))).end_row()?;
    }
    file.finish("listings")
}

fn write_sales(folder: &Path, order: &Order) -> Result<Written, Failure> {
    let (name, first) = match order.part {
        None => ("sales.csv".to_owned(), 0),
        Some(part) => (format!("sales_part{part}.csv"), u64::from(part) * MOST_ROWS),
    };
    let header = "salesid,listid,sellerid,buyerid,eventid,dateid,qtysold,pricepaid,commission,saletime";
    let mut file = CsvFile::create(folder, &name, header)?;
    for id in first + 1..=first + order.rows {
        let mut random = order.random(Purpose::Sale, id);
        let list = 1 + random.below(order.listings());
        let listing = order.listing(list);
        let sold = 1 + random.below(listing.tickets);
        let paid = listing.cents * sold;
        let day = match order.part {
            None => listing.date + random.below(FIRST_DAYS - listing.date),
            Some(part) => FIRST_DAYS - 1 + u64::from(part),
        };
        let buyer = 1 + random.below(order.users());
        for number in [id, list, listing.seller, buyer, listing.event, FIRST_DATE + day, sold] {
            file.number(number).comma();
        }
        // The commission is 15 percent, and cents that are left over are the seller's.
        let (paid, commission) = (money(paid), money(paid * 15 / 100));
        file.text(&format!("{paid},{commission},{}", moment(day, random.below(86_400)))).end_row()?;
    }
    file.finish("sales")
}

/// A word that could be somebody's name.
fn name(random: &mut Random) -> String {
    let mut name = String::new();
    for _ in 0..2 + random.below(2) {
        name.push_str(SYLLABLES[random.below(SYLLABLES.len() as u64) as usize]);
    }
    name[..1].to_uppercase() + &name[1..]
}

fn money(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// The month of a day of the year, and the day in it, both counted from 0.
fn month_of(day: u64) -> (usize, u64) {
    let mut rest = day;
    for (month, (_, days)) in MONTHS.iter().enumerate() {
        if rest < *days {
            return (month, rest);
        }
        rest -= days;
    }
    (MONTHS.len() - 1, rest)
}

fn date(day: u64) -> String {
    let (month, day) = month_of(day);
    format!("2008-{:02}-{:02}", month + 1, day + 1)
}

fn moment(day: u64, second: u64) -> String {
    format!("{} {:02}:{:02}:{:02}", date(day), second / 3_600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use super::*;
    use crate::retail::tests::Folder;

    fn made(order: &Order) -> BTreeMap<String, String> {
        let folder = Folder::new();
        let written = write(&folder.0, order).unwrap();
        let text = |file: Written| {
            let text = fs::read_to_string(folder.0.join(&file.name)).unwrap();
            assert_eq!((file.rows + 1, file.bytes), (text.lines().count() as u64, text.len() as u64));
            (file.name, text)
        };
        written.into_iter().map(text).collect()
    }

    fn column(text: &str, name: &str) -> Vec<String> {
        let at = text.lines().next().unwrap().split(',').position(|column| column == name).unwrap();
        text.lines().skip(1).map(|row| row.split(',').nth(at).unwrap().to_owned()).collect()
    }

    #[test]
    fn the_same_order_gives_the_same_bytes_and_another_seed_others() {
        let order = Order { rows: 400, seed: 7, part: None };
        assert_eq!(made(&order), made(&order));
        assert_ne!(made(&order), made(&Order { seed: 8, ..order }));
    }

    #[test]
    fn keys_join() {
        let files = made(&Order { rows: 400, seed: 7, part: None });
        for (from, key, to, of) in [
            ("sales.csv", "listid", "listings.csv", "listid"),
            ("sales.csv", "buyerid", "users.csv", "userid"),
            ("sales.csv", "dateid", "dates.csv", "dateid"),
            ("listings.csv", "sellerid", "users.csv", "userid"),
            ("listings.csv", "eventid", "events.csv", "eventid"),
            ("events.csv", "venueid", "venues.csv", "venueid"),
            ("events.csv", "catid", "categories.csv", "catid"),
        ] {
            let there = column(&files[to], of);
            assert!(column(&files[from], key).iter().all(|value| there.contains(value)), "{from} {key}");
        }
    }

    #[test]
    fn a_later_delivery_is_the_sales_of_another_day() {
        let first = made(&Order { rows: 50, seed: 7, part: None });
        let second = made(&Order { rows: 50, seed: 7, part: Some(1) });
        assert_eq!(second.keys().collect::<Vec<_>>(), ["sales_part1.csv"]);
        let (earlier, later) = (&first["sales.csv"], &second["sales_part1.csv"]);
        assert!(column(earlier, "salesid").iter().all(|id| !column(later, "salesid").contains(id)));
        assert!(column(later, "saletime").iter().all(|time| time.starts_with("2008-12-01")));
        assert!(column(earlier, "saletime").iter().all(|time| time.as_str() < "2008-12-01"));
    }
}

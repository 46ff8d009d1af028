//! JSON Lines: one object on each line, its values by the names of their keys.
//!
//! A line ends at LF and nowhere else, because a JSON string holds no raw line break; so a text is
//! cut anywhere behind an LF. The stages, as for delimited text:
//!
//! | stage | module | takes | gives |
//! |---|---|---|---|
//! | find | `index` | a block | places of braces, brackets, colons, commas and line ends outside of strings |
//! | walk | `walk` | the places of a line | the fields of the layout's columns |
//! | name | `keys` | the bytes of a key | its column; first it tries the key that came next last time |
//! | read with care | `careful` | a line that is not written as machines write | the same fields, or what is wrong with it |
//! | resolve | `escapes` | strings with escapes | their characters, in a copy of the block |
//!
//! The walk takes nothing for granted that would make a wrong line pass: a line that it takes is one
//! that `careful` takes with the same fields, and every other line goes to `careful`, which decides.
//! The fields then go the way of all fields, through `Taker`.

mod careful;
mod escapes;
mod first;
mod index;
mod keys;
mod lines;
mod number;
mod rows;
mod walk;

pub use careful::JsonFault;
pub(crate) use careful::{Member, Value, object as members};
pub(crate) use escapes::resolved as key_name;
pub(crate) use first::{front, shape_of_first_line};
pub(crate) use lines::Lines;

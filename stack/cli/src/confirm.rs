//! Asks: before something is taken away for good, and for what a command was not told.

use std::io::{BufRead, IsTerminal};

use crate::arguments::Common;
use crate::console;
use crate::failure::Failure;

/// Goes on only if the word is typed. Where nobody can type, `--yes` must say so.
pub fn by_typing(word: &str, question: &str) -> Result<(), Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::bad_input("destroying needs a confirmation and nobody is there to type it")
            .hint("add --yes if you are sure"));
    }
    console::note(format!("{question}\nType {} to go on:", console::styled(word, console::BOLD)));
    let mut typed = String::new();
    let read = std::io::stdin().lock().read_line(&mut typed);
    match read {
        Ok(_) if typed.trim() == word => Ok(()),
        _ => Err(Failure::bad_input("not confirmed; nothing was touched")),
    }
}

/// Goes on only if the answer is yes.
pub fn yes(question: &str) -> Result<(), Failure> {
    match ask(&format!("{question} [y/N]"), "")?.to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::bad_input("not confirmed; nothing was touched")),
    }
}

/// What may only be done if somebody says so, at the terminal or by `--yes` beforehand.
pub struct Confirmation<'a> {
    /// Asked at the terminal.
    pub question: &'a str,
    /// What is wrong where nobody can answer, and the way out.
    pub missing: &'a str,
    pub hint: &'a str,
}

impl Confirmation<'_> {
    /// Whoever asks for JSON is a script, whatever it is started from.
    pub fn obtain(&self, common: &Common) -> Result<(), Failure> {
        match common.json || !can_ask() {
            true => Err(Failure::bad_input(self.missing).hint(self.hint)),
            false => yes(self.question),
        }
    }
}

/// Whether somebody is there to be asked.
pub fn can_ask() -> bool {
    std::io::stdin().is_terminal() && console::is_watched()
}

/// What is typed, or the answer that an empty line stands for.
pub fn ask(question: &str, default: &str) -> Result<String, Failure> {
    let shown = if default.is_empty() { String::new() } else { format!(" [{default}]") };
    console::note(format!("{}{shown}:", console::styled(question, console::BOLD)));
    let mut typed = String::new();
    match std::io::stdin().lock().read_line(&mut typed) {
        Ok(0) | Err(_) => Err(Failure::bad_input("no answer was given; nothing was written")),
        Ok(_) if typed.trim().is_empty() => Ok(default.to_owned()),
        Ok(_) => Ok(typed.trim().to_owned()),
    }
}

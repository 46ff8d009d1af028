//! Asks before something is taken away for good.

use std::io::{BufRead, IsTerminal};

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

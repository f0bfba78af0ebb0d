//! Questions to a person. Whether anybody may be asked is decided before, in [`crate::session`].

use std::io;
#[cfg(unix)]
use std::io::Write as _;

/// Asks; an interrupted question is [`io::ErrorKind::Interrupted`].
pub trait Prompts {
    /// A line of text, with an optional default that an empty answer takes.
    ///
    /// # Errors
    /// When the terminal fails or the question is interrupted.
    fn line(&mut self, question: &str, default: Option<&str>) -> io::Result<String>;

    /// A hidden line.
    ///
    /// # Errors
    /// As [`Prompts::line`].
    fn hidden(&mut self, question: &str) -> io::Result<String>;

    /// One of several, by its place.
    ///
    /// # Errors
    /// As [`Prompts::line`].
    fn choice(&mut self, question: &str, options: &[&str], default: usize) -> io::Result<usize>;

    /// Yes or no; no when only Enter is pressed.
    ///
    /// # Errors
    /// As [`Prompts::line`].
    fn confirm(&mut self, question: &str) -> io::Result<bool>;
}

/// Asks on the terminal with dialoguer.
#[derive(Debug, Default)]
pub struct TerminalPrompts {
    interrupt_is_handled: bool,
}

impl TerminalPrompts {
    /// dialoguer hides cursor or echo while it asks and leaves them hidden on Ctrl-C; this puts them back.
    fn handle_interrupt(&mut self) {
        if !self.interrupt_is_handled {
            let restore_modes = restorer_of_modes();
            // Without a handler Ctrl-C still ends the program; only the terminal would stay as it is.
            let _ = ctrlc::set_handler(move || {
                restore_modes();
                restore_cursor_and_exit();
            });
            self.interrupt_is_handled = true;
        }
    }
}

/// Sets the terminal's modes as they are now, before the first question.
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "names the terminal; nothing is read")]
fn restorer_of_modes() -> impl Fn() + Send {
    use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
    let modes = tcgetattr(io::stdin());
    move || {
        if let Ok(modes) = &modes {
            // The terminal may be gone already.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, modes);
        }
    }
}

#[cfg(not(unix))]
fn restorer_of_modes() -> impl Fn() + Send {
    || ()
}

/// Asks with the echo switched off before the question is there. dialoguer switches it off behind that, and throws away
/// what was typed in between: who answers at once would see the passphrase, and wait for ever.
#[cfg(unix)]
#[expect(
    clippy::disallowed_methods,
    reason = "the terminal itself: whoever asks has made sure that it is one"
)]
fn hidden_line(question: &str) -> io::Result<String> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    let terminal = io::stdin();
    let modes = tcgetattr(&terminal)?;
    let mut silent = modes.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&terminal, OptionalActions::Now, &silent)?;
    let mut answer = String::new();
    let asked = write!(io::stderr(), "{question}: ").and_then(|()| terminal.read_line(&mut answer));
    // The terminal may be gone already.
    let _ = tcsetattr(&terminal, OptionalActions::Now, &modes);
    let _ = writeln!(io::stderr());
    asked?;
    if answer.ends_with('\n') {
        answer.pop();
    }
    Ok(answer)
}

#[cfg(not(unix))]
fn hidden_line(question: &str) -> io::Result<String> {
    dialoguer::Password::new().with_prompt(question).allow_empty_password(true).interact().map_err(into_io)
}

#[expect(
    clippy::disallowed_methods,
    reason = "runs on the signal's own thread: there is nobody to return to"
)]
fn restore_cursor_and_exit() {
    // The terminal may be gone already.
    let _ = dialoguer::console::Term::stderr().show_cursor();
    std::process::exit(130);
}

impl Prompts for TerminalPrompts {
    fn line(&mut self, question: &str, default: Option<&str>) -> io::Result<String> {
        self.handle_interrupt();
        let mut input = dialoguer::Input::<String>::new().with_prompt(question).allow_empty(true);
        if let Some(default) = default {
            input = input.default(default.to_owned());
        }
        input.interact_text().map_err(into_io)
    }

    fn hidden(&mut self, question: &str) -> io::Result<String> {
        self.handle_interrupt();
        hidden_line(question)
    }

    fn choice(&mut self, question: &str, options: &[&str], default: usize) -> io::Result<usize> {
        self.handle_interrupt();
        dialoguer::Select::new()
            .with_prompt(question)
            .items(options)
            .default(default)
            .interact()
            .map_err(into_io)
    }

    fn confirm(&mut self, question: &str) -> io::Result<bool> {
        self.handle_interrupt();
        dialoguer::Confirm::new().with_prompt(question).default(false).interact().map_err(into_io)
    }
}

/// The error, with the cursor put back: the handler runs beside this, and may come too late to do it.
fn into_io(error: dialoguer::Error) -> io::Error {
    let dialoguer::Error::IO(error) = error;
    // The terminal may be gone already.
    let _ = dialoguer::console::Term::stderr().show_cursor();
    error
}

//! `apikey edit`: name, note, tags and schedule of a key.

use anyhow::Result;
use clap::{ArgGroup, Args};

use super::change::{Field, Outcome, change_one, grant_one, refuse_dead};
use super::create::{few_tags, named, note, span};
use crate::domain::event::{Action, differences};
use crate::domain::key::Key;
use crate::domain::name::{Name, Note};
use crate::domain::time::Instant;
use crate::exit::Exit;
use crate::session::Session;

/// Change name, note, tags and schedule of a key
///
/// Kind, environment, owner and project stay what they were: create another key for that. Note and tags grant nothing, so
/// changing only them needs no vault and works on a key that is over.
#[derive(Debug, Args)]
#[command(override_usage = "apikey edit [OPTIONS] <KEY>", group = ArgGroup::new("what").required(true).multiple(true).args([
    "name", "note", "no_note", "tags", "remove_tags", "every", "no_schedule",
]))]
pub struct Arguments {
    /// Id, name, project/name, or a secret's public id
    #[arg(add = crate::completion::keys())]
    key: String,
    /// Its new name, unique among its project's live keys
    #[arg(long)]
    name: Option<String>,
    /// Free text
    #[arg(long, value_name = "TEXT", conflicts_with = "no_note")]
    note: Option<String>,
    /// No note
    #[arg(long)]
    no_note: bool,
    /// A word more to find it by. May be repeated
    #[arg(long = "tag", value_name = "TAG", value_delimiter = ',')]
    tags: Vec<String>,
    /// A word less. May be repeated
    #[arg(long = "remove-tag", value_name = "TAG", value_delimiter = ',')]
    remove_tags: Vec<String>,
    /// Rotate it this often; `list --due` and `rotate --due` go by it
    #[arg(long, value_name = "SPAN", conflicts_with = "no_schedule")]
    every: Option<String>,
    /// No schedule
    #[arg(long)]
    no_schedule: bool,
    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs it.
///
/// # Errors
/// Exit 2 for a name, tag or note that cannot be; exit 6 for a name that is taken, or a key that is over.
pub fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    let labels = Labels::read(arguments)?;
    let name = arguments.name.as_deref().map(|name| named("the name", name)).transpose()?;
    let every = arguments.every.as_deref().map(span).transpose()?;
    let schedule = Field::of(every, arguments.no_schedule);
    let now = session.now;
    if name.is_none() && schedule == Field::Keep {
        return change_one(&arguments.key, arguments.dry_run, session, |key| {
            let before = key.clone();
            labels.apply(key)?;
            Ok(outcome(&before, key, now))
        });
    }
    grant_one(&arguments.key, arguments.dry_run, session, |key, _| {
        refuse_dead(key, now)?;
        let before = key.clone();
        key.name = name.unwrap_or_else(|| key.name.clone());
        key.rotate_every = schedule.after(key.rotate_every);
        labels.apply(key)?;
        Ok(outcome(&before, key, now))
    })
}

/// What is different now, a line each.
fn outcome(before: &Key, after: &Key, now: Instant) -> Outcome {
    let changes = differences(Some(before), after, now);
    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let lines = changes
        .iter()
        .map(|change| format!("\n  {}  {} → {}", change.field, shown(&change.before), shown(&change.after)));
    let said = format!("changed{}", lines.collect::<String>());
    Outcome { action: Action::KeyChanged, changed: !changes.is_empty(), said }
}

/// What grants nothing.
struct Labels {
    note: Field<Note>,
    add: Vec<Name>,
    remove: Vec<Name>,
}

impl Labels {
    fn read(arguments: &Arguments) -> Result<Self> {
        let tags = |texts: &[String]| texts.iter().map(|tag| named("a tag", tag)).collect::<Result<Vec<_>>>();
        let text = arguments.note.as_deref().map(note).transpose()?;
        Ok(Self {
            note: Field::of(text, arguments.no_note),
            add: tags(&arguments.tags)?,
            remove: tags(&arguments.remove_tags)?,
        })
    }

    fn apply(&self, key: &mut Key) -> Result<()> {
        key.tags.extend(self.add.iter().cloned());
        key.tags.retain(|tag| !self.remove.contains(tag));
        if !self.add.is_empty() {
            key.tags = few_tags(std::mem::take(&mut key.tags))?;
        }
        key.note = self.note.after(key.note.take());
        Ok(())
    }
}

//! `test-call --all`: every active key that has a remembered target, a few at a time.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use indicatif::{ProgressBar, ProgressDrawTarget};

use super::presented::{self, Presented};
use super::{
    Arguments, CallView, Exit, Failure, Key, Registry, Result, Session, Target, Unlocked, answer, call,
};
use super::{registry_side, target};
use crate::domain::key::KeyStatus;
use crate::http::client::Route;
use crate::http::failure::Failure as NoAnswer;
use crate::registry::Filter;

/// One key with all that its call needs, or why there is none.
struct Job {
    key: Key,
    /// None where what is remembered is none.
    target: Option<Target>,
    ready: Result<Ready, Failure>,
}

struct Ready {
    presented: Presented,
    route: Result<Route, NoAnswer>,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    let mut unlocked = session.unlocked()?;
    let jobs = jobs(arguments, &unlocked, session)?;
    if jobs.is_empty() {
        session.say("no active key has a remembered target\n hint: apikey test-call KEY --url URL --save")?;
    }
    if arguments.dry_run {
        let views: Vec<_> = jobs.iter().map(planned).collect();
        return answer::write(&views, true, session);
    }
    let calls: Vec<_> = jobs
        .iter()
        .filter_map(|job| {
            let ready = job.ready.as_ref().ok()?;
            Some((&job.key, std::slice::from_ref(&ready.presented), job.target.as_ref()?))
        })
        .collect();
    if !calls.is_empty() {
        presented::record(&calls, None, (&mut unlocked, session))?;
    }
    let mut views = call_all(&jobs, usize::from(arguments.jobs.unwrap_or(JOBS)), session);
    if arguments.explain {
        for (view, job) in views.iter_mut().zip(&jobs) {
            if let Ok(ready) = &job.ready {
                view.registry = Some(registry_side::ask(&ready.presented, view, (&unlocked, session))?);
            }
        }
    }
    answer::write(&views, true, session)
}

fn jobs(arguments: &Arguments, unlocked: &Unlocked, session: &Session<'_, '_>) -> Result<Vec<Job>> {
    let filter = Filter { statuses: vec![KeyStatus::Active], has_target: true, ..Filter::default() };
    let mut keys = Vec::new();
    unlocked.registry.list(&filter, session.now, &mut |listed| {
        keys.push(listed.key);
        ControlFlow::Continue(())
    })?;
    let mut jobs = Vec::new();
    for key in keys {
        let checked = target::remembered(&unlocked.registry, &unlocked.keys.row, key.id);
        let shown = match &checked {
            Ok(spec) => spec.clone(),
            Err(_) => target::unchecked(&unlocked.registry, key.id).unwrap_or_default(),
        };
        if shown.is_none() && checked.is_ok() {
            continue;
        }
        // What one key has wrong with it is no reason not to call the others.
        let target = target::read(&arguments.target, shown);
        let ready = match (&target, checked) {
            (_, Err(error)) => Err(Failure::of(&error)),
            (Err(error), Ok(_)) => Err(Failure::of(error)),
            (Ok(target), Ok(_)) => {
                ready(&key, target, arguments, (unlocked, session)).map_err(|error| Failure::of(&error))
            }
        };
        jobs.push(Job { key, target: target.ok(), ready });
    }
    Ok(jobs)
}

fn ready(
    key: &Key,
    target: &Target,
    arguments: &Arguments,
    (unlocked, session): (&Unlocked, &Session<'_, '_>),
) -> Result<Ready> {
    let id = presented::newest_live(key, session.now)?;
    let presented = presented::kept(key, id, unlocked, session.now)?;
    Ok(Ready { presented, route: target::route(&arguments.route, target, session)? })
}

/// So many calls are made at a time unless told otherwise.
const JOBS: u8 = 4;

/// Calls with at most `threads` at a time; answers in the order of the jobs.
fn call_all(jobs: &[Job], threads: usize, session: &Session<'_, '_>) -> Vec<CallView> {
    let progress = progress(jobs.len(), session);
    let next = AtomicUsize::new(0);
    let (done, results) = mpsc::channel();
    let mut views: Vec<(usize, CallView)> = Vec::with_capacity(jobs.len());
    std::thread::scope(|scope| {
        for _ in 0..threads.min(jobs.len()) {
            let (done, next) = (done.clone(), &next);
            scope.spawn(move || {
                while let Some((place, job)) = take(jobs, next) {
                    if done.send((place, one(job))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        for result in results {
            progress.inc(1);
            views.push(result);
        }
    });
    progress.finish_and_clear();
    views.sort_by_key(|(place, _)| *place);
    views.into_iter().map(|(_, view)| view).collect()
}

fn take<'a>(jobs: &'a [Job], next: &AtomicUsize) -> Option<(usize, &'a Job)> {
    let place = next.fetch_add(1, Ordering::Relaxed);
    jobs.get(place).map(|job| (place, job))
}

fn one(job: &Job) -> CallView {
    match (&job.ready, &job.target) {
        (Ok(Ready { presented, route }), Some(target)) => {
            let result = route.clone().and_then(|route| call(target, &presented.credential, &route));
            answer::view(Some(&job.key), presented.public.clone(), target, &result)
        }
        (Ok(_), None) => planned(job),
        (Err(failure), _) => {
            CallView { verdict: Some("no_verdict"), dry_run: false, ..refused(job, failure) }
        }
    }
}

/// What would be called, or why nothing would be.
fn planned(job: &Job) -> CallView {
    match &job.ready {
        Err(failure) if job.target.is_none() => refused(job, failure),
        _ => answer::planned(Some(&job.key), None, job.target.as_ref()),
    }
}

fn refused(job: &Job, failure: &Failure) -> CallView {
    CallView {
        code: failure.code,
        reason: failure.message.clone(),
        ..answer::planned(Some(&job.key), None, job.target.as_ref())
    }
}

fn progress(count: usize, session: &Session<'_, '_>) -> ProgressBar {
    let target = if session.host.terminal.stderr {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    ProgressBar::with_draw_target(u64::try_from(count).ok(), target)
}

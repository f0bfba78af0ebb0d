//! What was asked for, as bytes by which a repeated request is known again.

use super::{RotationTerms, Wish};
use crate::domain::canonical::named_bytes;
use crate::domain::key::{Allowed, KeyId};
use crate::domain::lifetime::Lifetime;
use crate::domain::rotation::GraceStart;

impl Wish {
    /// All that it says, in bytes that another wish never has. What it leaves open is left out, so that a later version,
    /// of which more can be wished, still knows the same wish.
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        let mut fields = vec![
            ("name", Some(self.name.to_string())),
            ("kind", Some(self.kind.code().to_owned())),
            ("env", Some(self.env.code().to_owned())),
            ("owner", Some(self.owner.to_string())),
            ("project", Some(self.project.to_string())),
            ("scopes", Some(self.scopes.joined())),
            ("networks", listed(&self.networks)),
            ("origins", listed(&self.origins)),
            ("rate", self.limits.rate.map(|rate| format!("{rate} {}", rate.burst()))),
            ("quota", self.limits.quota.map(|quota| quota.to_string())),
            ("not_before", self.not_before.map(|start| start.to_string())),
            ("rotate_every", self.rotate_every.map(|span| span.seconds().to_string())),
            ("tags", Some(self.tags.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))),
            ("note", self.note.as_ref().map(|note| note.as_str().to_owned())),
            ("keep", said(self.keep)),
        ];
        fields.extend(lifetime(self.lifetime));
        named_bytes("create", fields)
    }
}

impl RotationTerms {
    /// All that they say of this key, as [`Wish::canonical`].
    #[must_use]
    pub fn canonical(&self, key: KeyId) -> Vec<u8> {
        let mut fields = vec![
            ("key", Some(key.to_string())),
            ("grace", Some(self.plan.grace.seconds().to_string())),
            ("on_first_use", said(self.plan.start == GraceStart::OnFirstUse)),
            ("force", said(self.plan.force)),
            ("every", self.every.map(|span| span.seconds().to_string())),
            ("keep", said(self.keep)),
        ];
        fields.extend(self.lifetime.into_iter().flat_map(lifetime));
        named_bytes("rotate", fields)
    }
}

fn lifetime(lifetime: Lifetime) -> [(&'static str, Option<String>); 1] {
    [match lifetime {
        Lifetime::Span(span) => ("lives", Some(span.seconds().to_string())),
        Lifetime::Until(end) => ("until", Some(end.to_string())),
        Lifetime::Never => ("never", Some(String::new())),
    }]
}

fn said(is_so: bool) -> Option<String> {
    is_so.then(String::new)
}

/// None for everything, which is not the same as none of it.
fn listed<T: ToString + Ord>(allowed: &Allowed<T>) -> Option<String> {
    let named = allowed.named().iter().map(ToString::to_string).collect::<Vec<_>>();
    (!allowed.is_any()).then(|| named.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::limit::{Limits, Rate};
    use crate::domain::rotation::Plan;
    use crate::domain::samples;
    use crate::domain::scope::Scopes;
    use crate::domain::secret::{Env, Kind};
    use crate::domain::time::{Instant, Span};

    fn wish() -> Wish {
        let key = samples::key("ci");
        Wish {
            name: key.name,
            kind: key.kind,
            env: key.env,
            owner: key.owner,
            project: key.project,
            scopes: key.scopes,
            networks: key.networks,
            origins: key.origins,
            limits: key.limits,
            lifetime: key.lifetime,
            not_before: None,
            rotate_every: None,
            tags: key.tags,
            note: None,
            keep: true,
        }
    }

    #[test]
    fn every_field_of_a_wish_makes_another_of_it() {
        let changes: [fn(&mut Wish); 17] = [
            |wish| wish.name = "other".parse().unwrap(),
            |wish| wish.kind = Kind::Pair,
            |wish| wish.env = Env::Test,
            |wish| wish.owner = "other".parse().unwrap(),
            |wish| wish.project = "other".parse().unwrap(),
            |wish| wish.scopes = Scopes::default(),
            |wish| wish.networks = Allowed::from_named(["10.0.0.0/8".parse().unwrap()]),
            |wish| wish.origins = Allowed::from_named(["https://a.example".parse().unwrap()]),
            |wish| {
                wish.limits = Limits { rate: Some(Rate::new(5, Span::days(1), None).unwrap()), quota: None }
            },
            |wish| wish.limits = Limits { rate: None, quota: Some("5/day".parse().unwrap()) },
            |wish| wish.lifetime = Lifetime::Never,
            |wish| wish.lifetime = Lifetime::Until(Instant::from_seconds(1)),
            |wish| wish.not_before = Some(Instant::from_seconds(1)),
            |wish| wish.rotate_every = Some(Span::days(1)),
            |wish| wish.tags = [("a").parse().unwrap()].into(),
            |wish| wish.note = Some("a".parse().unwrap()),
            |wish| wish.keep = false,
        ];
        let mut seen = vec![wish().canonical()];
        for change in changes {
            let mut other = wish();
            change(&mut other);
            let bytes = other.canonical();
            assert!(!seen.contains(&bytes));
            seen.push(bytes);
        }
        assert_eq!(wish().canonical(), seen[0]);
    }

    #[test]
    fn every_term_of_a_rotation_makes_others_of_them_and_so_does_another_key() {
        let plan = Plan { grace: Span::days(7), start: GraceStart::Now, force: false };
        let terms = RotationTerms { plan, lifetime: None, every: None, keep: true };
        let key = samples::key("ci").id;
        let mut seen = vec![terms.canonical(key), terms.canonical(samples::key("ci").id)];
        let others = [
            RotationTerms { plan: Plan { grace: Span::ZERO, ..plan }, ..terms },
            RotationTerms { plan: Plan { start: GraceStart::OnFirstUse, ..plan }, ..terms },
            RotationTerms { plan: Plan { force: true, ..plan }, ..terms },
            RotationTerms { lifetime: Some(Lifetime::Never), ..terms },
            RotationTerms { lifetime: Some(Lifetime::Span(Span::days(7))), ..terms },
            RotationTerms { every: Some(Span::days(7)), ..terms },
            RotationTerms { keep: false, ..terms },
        ];
        for other in others {
            let bytes = other.canonical(key);
            assert!(!seen.contains(&bytes), "{other:?}");
            seen.push(bytes);
        }
    }
}

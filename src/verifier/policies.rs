//! What many keys have in common, kept once.

use std::hash::{BuildHasher as _, RandomState};

use hashbrown::HashTable;

use super::index::put_into;
use super::rows::Policy;
use crate::domain::key::{Allowed, Key};
use crate::domain::limit::Limits;
use crate::domain::network::Network;
use crate::domain::origin::Origin;
use crate::domain::scope::Scopes;
use crate::domain::secret::{Env, Kind};

/// All policies, by number.
#[derive(Debug, Default)]
pub(super) struct Policies {
    all: Vec<Policy>,
    free: Vec<u32>,
    /// The number of each policy that is not free.
    numbers: HashTable<u32>,
    hasher: RandomState,
}

/// What makes two policies one.
type Common<'a> = (Kind, Env, u32, u32, &'a Scopes, &'a Allowed<Network>, &'a Allowed<Origin>, &'a Limits);

impl Policy {
    fn common(&self) -> Common<'_> {
        let Self { kind, env, owner, project, scopes, scopes_text: _, networks, origins, limits } = self;
        (*kind, *env, *owner, *project, scopes, networks, origins, limits)
    }
}

impl Policies {
    pub(super) fn get(&self, number: u32) -> &Policy {
        &self.all[number as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether any of them limits anything.
    pub(super) fn have_limits(&self) -> bool {
        self.all.iter().any(|policy| !policy.limits.is_none())
    }

    /// The number of the policy of this key, whose owner and project are at these places; made if there is none yet.
    pub(super) fn number_of(&mut self, key: &Key, (owner, project): (u32, u32)) -> u32 {
        let common =
            (key.kind, key.env, owner, project, &key.scopes, &key.networks, &key.origins, &key.limits);
        let hash = self.hasher.hash_one::<Common<'_>>(common);
        if let Some(number) = self.numbers.find(hash, |number| self.get(*number).common() == common) {
            return *number;
        }
        let policy = Policy {
            kind: key.kind,
            env: key.env,
            owner,
            project,
            scopes: key.scopes.clone(),
            scopes_text: key.scopes.joined().into(),
            networks: key.networks.clone(),
            origins: key.origins.clone(),
            limits: key.limits,
        };
        let number = put_into(&mut self.all, &mut self.free, policy);
        let all = &self.all;
        let hash_of = |number: &u32| self.hasher.hash_one(all[*number as usize].common());
        self.numbers.insert_unique(hash, number, hash_of);
        number
    }

    /// Whether there are more than so many, and room for none.
    pub(super) fn is_to_be_cleared(&self, most: usize) -> bool {
        self.free.is_empty() && self.all.len() > most
    }

    /// Gives the numbers of those that are not used to others.
    pub(super) fn clear(&mut self, is_used: &[bool]) {
        self.numbers.retain(|number| is_used[*number as usize]);
        self.free = (0..).zip(is_used).filter(|(_, is_used)| !**is_used).map(|(number, _)| number).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::samples;
    use crate::domain::scope::Scopes;

    #[test]
    fn a_number_is_given_again_only_when_no_key_has_it() {
        let key = |scope: &str| {
            let mut key = samples::key("ci");
            key.scopes = Scopes::new([scope.parse().unwrap()]).unwrap();
            key
        };
        let mut policies = Policies::default();
        let [one, two] = ["a:one", "a:two"].map(|scope| policies.number_of(&key(scope), (0, 0)));
        assert_eq!(policies.number_of(&key("a:one"), (0, 0)), one);
        assert_ne!(one, two);
        assert_ne!(policies.number_of(&key("a:one"), (1, 0)), one, "another owner");
        assert!(policies.is_to_be_cleared(2) && !policies.is_to_be_cleared(3));
        policies.clear(&[true, false, true]);
        assert!(!policies.is_to_be_cleared(2), "there is room");
        assert_eq!(policies.number_of(&key("a:one"), (0, 0)), one);
        let three = policies.number_of(&key("a:three"), (0, 0));
        assert_eq!((three, &*policies.get(three).scopes_text), (two, "a:three"));
        assert_ne!(policies.number_of(&key("a:two"), (0, 0)), two, "it is another's now");
        assert_eq!(&*policies.get(one).scopes_text, "a:one");
    }
}

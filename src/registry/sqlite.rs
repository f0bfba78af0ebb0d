//! stub
use super::*;
#[derive(Debug)]
pub struct SqliteRegistry;
impl SqliteRegistry {
    pub fn open(path: &std::path::Path) -> Result<Self> {
        todo!()
    }
    pub fn create(path: &std::path::Path, identity: &Identity, first: &Change<'_>) -> Result<()> {
        todo!()
    }
    pub fn lock_for_creation(path: &std::path::Path) -> Result<std::fs::File> {
        todo!()
    }
}
impl Registry for SqliteRegistry {
    fn identity(&self) -> Result<Identity> {
        todo!()
    }
    fn apply(&mut self, change: &Change<'_>) -> Result<()> {
        todo!()
    }
    fn find_secret(&self, id: SecretId) -> Result<Option<Found>> {
        todo!()
    }
    fn find_key(&self, id: KeyId) -> Result<Option<Found>> {
        todo!()
    }
    fn list(&self, filter: &Filter, now: Instant, visit: &mut Visit<'_, Listed>) -> Result<()> {
        todo!()
    }
    fn record_use(&mut self, id: SecretId, at: Instant, ip: Option<IpAddr>) -> Result<()> {
        todo!()
    }
    fn party(&self, kind: PartyKind, name: &Name) -> Result<Option<Party>> {
        todo!()
    }
    fn parties(&self, kind: PartyKind) -> Result<Vec<PartySummary>> {
        todo!()
    }
    fn defined_scopes(&self) -> Result<Vec<DefinedScope>> {
        todo!()
    }
    fn request(&self, id: &str) -> Result<Option<RememberedRequest>> {
        todo!()
    }
    fn target(&self, key: KeyId) -> Result<Option<String>> {
        todo!()
    }
    fn events(&self, filter: &EventFilter, visit: &mut Visit<'_, RecordedEvent>) -> Result<()> {
        todo!()
    }
    fn integrity(&self) -> Result<Vec<String>> {
        todo!()
    }
}

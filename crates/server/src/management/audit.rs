//! Reading the audit log. Members see what concerns their organization, if their role lets them;
//! operators see everything.

use hallpass_core::{audit::Event, permission::Permission};
use hallpass_store::AuditFilter;

use super::{Act, ManagementError};

/// Events, the newest first, before `before`. Whoever is no operator must name an organization.
pub async fn list(
    act: &Act<'_>,
    filter: &AuditFilter,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<Event>, ManagementError> {
    match &filter.organization_id {
        Some(id) => drop(act.organization(id, Permission::ReadAudit).await?),
        None => act.must_be_operator()?,
    }
    Ok(act.store.audit(filter, before, limit).await?)
}

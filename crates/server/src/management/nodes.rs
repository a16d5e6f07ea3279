//! Reading what is known of the nodes. For operators, and programs that watch an installation.

use hallpass_core::permission::Duty;
use hallpass_store::Node;

use super::{Act, ManagementError};

/// Every node, as it last reported.
pub async fn list(act: &Act<'_>) -> Result<Vec<Node>, ManagementError> {
    act.must_have(Duty::ReadNodes)?;
    Ok(act.store.nodes().await?)
}

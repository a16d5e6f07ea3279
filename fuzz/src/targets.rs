//! Every target, one module per subject.

mod config;
mod feed;
mod gateway;
mod import;
mod keys;
mod login;
mod proxy_header;
mod token;

use crate::target::Target;

/// All targets, in the order of a request's way through the system.
///
/// # Errors
/// What the targets are fed with cannot be made.
pub(crate) fn all() -> anyhow::Result<Vec<Target>> {
    let mut targets = login::targets()?;
    targets.extend(token::targets()?);
    targets.push(keys::target()?);
    targets.extend(feed::targets()?);
    targets.push(config::target());
    targets.push(proxy_header::target());
    targets.extend(gateway::targets());
    targets.extend(import::targets()?);
    Ok(targets)
}

//! `hallpass doctor`: the usual misconfigurations, each with its remedy.

use anyhow::bail;
use hallpass_server::health::{self, Finding};
use hallpass_store::Store;

use crate::{
    config::{self, Config},
    installation::{self, Installation, now},
    output::Output,
};

pub(super) async fn run(config: &Config, output: Output) -> anyhow::Result<()> {
    let Installation { store, .. } = Installation::open(config).await?;
    let mut findings = vec![Finding::fine("The master key opens the vault.")];
    findings.extend(config::misspelt_variables().into_iter().map(Finding::trouble));
    findings.extend(health::of_config(&config.server));
    findings.extend(of_files(config));
    findings.extend(health::of_keys(&*store, &config.server, now()).await?);
    findings.push(health::of_chain(store.verify_audit_chain().await?));
    let troubles = findings.iter().filter(|finding| !finding.fine).count();
    output.print(&findings, || {
        let mark = |finding: &Finding| if finding.fine { "ok      " } else { "TROUBLE " };
        let lines = findings.iter().map(|finding| format!("{}{}", mark(finding), finding.says));
        lines.collect::<Vec<_>>().join("\n")
    });
    if troubles > 0 {
        bail!("{troubles} of {} findings need attention", findings.len());
    }
    Ok(())
}

fn of_files(config: &Config) -> Vec<Finding> {
    let paths = [config.database(), config.local.data_dir.join("master.key")];
    let open = paths.iter().filter(|path| path.exists() && installation::is_open_to_others(path));
    let says = |path: &std::path::PathBuf| {
        format!("{} can be read by other accounts: run chmod 600 on it.", path.display())
    };
    open.map(|path| Finding::trouble(says(path))).collect()
}

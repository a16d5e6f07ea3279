//! `hallpass migrate`: brings the database's schema up to date, or says what that would do.

use hallpass_store::{Plan, Step};

use crate::{config::Config, output::Output};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only say what would be done, and change nothing
    #[arg(long)]
    plan: bool,
}

pub(super) async fn run(args: &Args, config: &Config, output: Output) -> anyhow::Result<()> {
    let database = config.database()?;
    let plan = match args.plan {
        true => database.plan(&config.local).await?,
        false => database.upgrade(&config.local).await?,
    };
    output.print(&plan, || say(&plan, args.plan));
    Ok(())
}

fn say(plan: &Plan, is_plan: bool) -> String {
    let Plan { schema, known, steps } = plan;
    if schema > known {
        return format!(
            "The database has schema {schema}, of a newer Hallpass. This binary knows schema \
             {known}, and works with it."
        );
    }
    if steps.is_empty() {
        return format!("The database has schema {schema}, the newest that this binary knows.");
    }
    let lines: Vec<_> = steps.iter().map(line).collect();
    let (begin, end) = match is_plan {
        true => ("would be applied", "Nothing was changed."),
        false => ("were applied", "Done."),
    };
    format!(
        "The database {} schema {schema}. For schema {known} these {begin}:\n{}\n{end}",
        if is_plan { "has" } else { "had" },
        lines.join("\n")
    )
}

fn line(step: &Step) -> String {
    let older = match step.contracts {
        None => "only adds: older servers go on working".to_owned(),
        Some(oldest) => format!("servers that do not know schema {oldest} must have ended"),
    };
    format!("  {} ({older})\n      {}", step.name, step.purpose)
}

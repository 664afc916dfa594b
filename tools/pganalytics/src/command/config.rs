//! `pganalytics config check | show`.

use server::config::{self, Overrides};

use crate::cli::Config;
use crate::failure::{Failure, Outcome};

/// Runs the command.
pub(crate) fn run(call: &Config) -> Outcome {
    match call {
        Config::Check { file } => {
            config::load(Some(file), &Overrides::default())?;
            println!("{}: in order", file.display());
            Ok(())
        }
        Config::Show { config: file } => {
            let settings = config::load(file.as_deref(), &Overrides::from_process(Vec::new()))?;
            let text = config::to_toml(&settings)
                .map_err(|error| Failure::new(error, "this is a defect: please report it"))?;
            print!("{text}");
            Ok(())
        }
    }
}

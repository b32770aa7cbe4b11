//! The chores of this repository: `cargo xtask` lists them. Each is one file; they run cargo, node and
//! python as processes, so that this crate stays small and quick to build.

mod arrows;
mod bench;
mod check;
mod components;
mod docs;
mod http;
mod live;
mod mcpb;
mod pictures;
mod repository;
mod running;
mod studio;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Chores for those who work on Aquatint.
#[derive(Parser)]
#[command(name = "cargo xtask", max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Run every test: the crates' own, then real clients against the real program
    Test {
        /// A missing component (PostgreSQL, Node 22, …) that a suite needs is a failure, as in CI
        #[arg(long)]
        all: bool,
        /// Run only these of tests/clients, such as `app.mjs`, against the program as it was built last
        clients: Vec<String>,
    },
    /// Everything that CI checks beside the tests: format, lints, licences, documents, arrows
    Check {
        /// Run only these checks
        names: Vec<String>,
    },
    /// Measure CPU, latency, memory and start, beside peers where they are at hand
    Bench {
        /// Run only these benchmarks; `quality` measures pictures instead of cost
        names: Vec<String>,
        /// With `quality`: a folder of photographs to make smaller and enlarge again
        #[arg(long, value_name = "FOLDER")]
        sr: Option<std::path::PathBuf>,
        /// With `quality`: a folder of photographs with masks to cut out
        #[arg(long, value_name = "FOLDER")]
        cutout: Option<std::path::PathBuf>,
        /// With `quality`: a folder of photographs to erase a part of and fill it
        #[arg(long, value_name = "FOLDER")]
        fill: Option<std::path::PathBuf>,
    },
    /// Write the reference pages in docs/reference again
    Docs,
    /// Make the README's pictures again, with a release build
    Pictures,
    /// Pack a program as a bundle for Claude Desktop (MCPB), and print its SHA-256
    Mcpb {
        /// The program, built for the platform of the bundle
        program: std::path::PathBuf,
        /// Where the bundle goes [default: the target folder]
        #[arg(long, value_name = "FILE")]
        out: Option<std::path::PathBuf>,
    },
    /// Check which crate may know which
    Arrows,
    /// Try a vendor with a real key from the environment, such as `OPENAI_API_KEY`; nothing is bought without `--buy`
    Live {
        /// The vendor's id, such as `openai`
        #[arg(long)]
        provider: String,
        /// This model instead of the cheapest
        #[arg(long)]
        model: Option<String>,
        /// Buy one result
        #[arg(long)]
        buy: bool,
    },
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().chore {
        Chore::Test { all, clients } => test::run(all, &clients),
        Chore::Check { names } => check::run(&names),
        Chore::Bench {
            names,
            sr,
            cutout,
            fill,
        } if names == ["quality"] => bench::quality(&[("--sr", sr), ("--cutout", cutout), ("--fill", fill)]),
        Chore::Bench { names, .. } => bench::run(&names),
        Chore::Docs => docs::write().map(|()| true),
        Chore::Pictures => pictures::run().map(|()| true),
        Chore::Live { provider, model, buy } => live::run(&provider, model.as_deref(), buy).map(|()| true),
        Chore::Mcpb { program, out } => mcpb::run(&program, out.as_deref()).map(|()| true),
        Chore::Arrows => arrows::check().map(|()| true),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

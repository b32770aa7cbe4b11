//! The command line. Fixed commands stand here; verbs such as `edit upscale` are built from the list
//! of operations.

mod call;
mod catalogue;
mod doctor;
mod keys;
mod ledger;
mod mail;
mod models;
mod payments;
mod providers;
mod serve;
mod stdio;
mod users;
pub mod verbs;
mod workspaces;

use std::path::PathBuf;

use anyhow::Result;
use aquatint_app::Studio;
use aquatint_domain::Caller;
use aquatint_store::Workspace;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::boot::{self, explain};
use crate::config::{Config, Flags};

/// A creative studio for AI agents, on your own machine.
#[derive(Parser)]
#[command(name = "aquatint", version, about, max_term_width = 110)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Args)]
struct Common {
    /// The folder that holds the database, the assets and the secrets [env: AQUATINT_DATA]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The configuration file [env: AQUATINT_CONFIG; default: aquatint.toml in the data folder]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Any setting, by its key (see docs/reference/settings.md)
    #[arg(long = "set", global = true, value_name = "KEY=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
}

#[derive(Subcommand)]
enum Command {
    /// Start the studio (this is what happens without a command)
    Serve {
        /// Address and port; port 0 picks a free one
        #[arg(long, value_name = "ADDRESS")]
        listen: Option<String>,
        /// Take requests only; workers run elsewhere
        #[arg(long)]
        no_worker: bool,
        /// Serve the fixed-name tools of the MCP conformance suite
        #[arg(long, hide = true)]
        conformance_fixtures: bool,
    },
    /// Run jobs without taking requests
    Worker,
    /// Speak MCP over standard input and output: with the embedded studio, or as a bridge to a hosted one
    Stdio(stdio::StdioArgs),
    /// Sign in to a hosted server in the browser, for `aquatint stdio`
    #[command(visible_alias = "login")]
    SignIn(stdio::ServerArgs),
    /// Forget the sign-in to a hosted server
    #[command(visible_alias = "logout")]
    SignOut(stdio::ServerArgs),
    /// Call a tool and print its result as JSON
    Call {
        /// The tool, such as `edit_image`
        tool: String,
        /// The arguments as JSON; `-` reads them from standard input
        #[arg(long, default_value = "{}")]
        json: String,
        /// The workspace, by id or name [default: the first]
        #[arg(long)]
        workspace: Option<String>,
    },
    /// API keys
    Key {
        #[command(subcommand)]
        command: keys::KeyCommand,
    },
    /// People
    User {
        #[command(subcommand)]
        command: users::UserCommand,
    },
    /// Plans
    Plan {
        #[command(subcommand)]
        command: users::PlanCommand,
    },
    /// Credits of a workspace
    Credit {
        #[command(subcommand)]
        command: users::CreditCommand,
    },
    /// Workspaces, their plans and credits
    Workspace {
        #[command(subcommand)]
        command: workspaces::WorkspaceCommand,
    },
    /// Models: the catalogue, and local ones that are pulled or added
    Models {
        #[command(subcommand)]
        command: models::ModelsCommand,
    },
    /// Payments: what is sold, and what was
    Payments {
        #[command(subcommand)]
        command: payments::PaymentsCommand,
    },
    /// Letters to people
    Mail {
        #[command(subcommand)]
        command: mail::MailCommand,
    },
    /// The operator's own rows of the catalogue
    Catalogue {
        #[command(subcommand)]
        command: catalogue::CatalogueCommand,
    },
    /// Vendors and their keys
    Provider {
        #[command(subcommand)]
        command: providers::ProviderCommand,
    },
    /// The credit ledger
    Ledger {
        #[command(subcommand)]
        command: ledger::LedgerCommand,
    },
    /// Check configuration, storage, engines and optional components
    Doctor,
    /// Write the reference pages into a folder
    #[command(hide = true)]
    Reference { folder: PathBuf },
    /// The life of a work child; started by the studio itself
    #[command(hide = true)]
    WorkChild {
        /// Work for the model in this folder alone
        #[arg(long)]
        model: Option<PathBuf>,
        /// Run it by this library of ONNX Runtime
        #[arg(long)]
        onnx_runtime: Option<PathBuf>,
        /// Become this program, behind walls
        #[arg(long)]
        program: Option<PathBuf>,
        /// Computing time that it may take
        #[arg(long, default_value_t = 30)]
        seconds: u64,
        /// What it is told
        #[arg(last = true)]
        rest: Vec<std::ffi::OsString>,
    },
}

fn pair(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
        .ok_or_else(|| "KEY=VALUE is needed".to_owned())
}

/// The whole command line, for parsing and for the reference page.
pub fn command() -> clap::Command {
    verbs::groups()
        .into_iter()
        .fold(Cli::command(), clap::Command::subcommand)
}

/// What the arguments name of it. A work child or a server that starts need not know all operations; where that does not fit,
/// the whole says what is wrong or helps.
fn parsed() -> clap::ArgMatches {
    let args: Vec<std::ffi::OsString> = std::env::args_os().collect();
    let is_named = |group: &str| args.iter().any(|arg| arg == group);
    verbs::groups_where(is_named)
        .into_iter()
        .fold(Cli::command(), clap::Command::subcommand)
        .try_get_matches_from(&args)
        .unwrap_or_else(|_| command().get_matches_from(&args))
}

/// Reads the command line and does what it says.
pub fn main() -> std::process::ExitCode {
    let matches = parsed();
    // The child walls itself in, so it must come before anything that opens files or threads.
    if let Some(("work-child", child)) = matches.subcommand() {
        let path = |name: &str| child.get_one::<PathBuf>(name).map(PathBuf::as_path);
        if let Some(program) = path("program") {
            let seconds = child.get_one::<u64>("seconds").copied().unwrap_or(30);
            let rest: Vec<_> = child.get_many("rest").into_iter().flatten().cloned().collect();
            return aquatint_engines::become_program(program, seconds, &rest);
        }
        return aquatint_engines::child_main(path("model"), path("onnx_runtime"));
    }
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8))
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(run(&matches)));
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}

async fn run(matches: &clap::ArgMatches) -> Result<std::process::ExitCode> {
    if let Some((group, verb)) = matches.subcommand()
        && verbs::is_group(group)
    {
        let common = Common::from_arg_matches(matches)?;
        let config = Config::load(&flags(common))?;
        quiet_logging(&config);
        return verbs::run(&config, group, verb).await;
    }
    let cli = Cli::from_arg_matches(matches)?;
    let mut flags = flags(cli.common);
    let command = cli.command.unwrap_or(Command::Serve {
        listen: None,
        no_worker: false,
        conformance_fixtures: false,
    });
    if let Command::Serve {
        listen,
        conformance_fixtures,
        ..
    } = &command
    {
        flags
            .set
            .extend(listen.clone().map(|listen| ("listen".to_owned(), listen)));
        if *conformance_fixtures {
            flags.set.push(("conformance_fixtures".into(), "true".into()));
        }
    }
    if let Command::Reference { folder } = &command {
        crate::reference::write(folder)?;
        return Ok(std::process::ExitCode::SUCCESS);
    }
    let config = Config::load(&flags)?;
    match command {
        Command::Serve { no_worker, .. } => {
            serve_logging(&config);
            serve::run(config, !no_worker).await?;
        }
        Command::Worker => {
            serve_logging(&config);
            serve::work_only(config).await?;
        }
        Command::Stdio(args) => {
            quiet_logging(&config);
            stdio::run(&config, args).await?;
        }
        Command::SignIn(args) => {
            quiet_logging(&config);
            stdio::sign_in(&config, &args).await?;
        }
        Command::SignOut(args) => stdio::sign_out(&config, &args)?,
        Command::Call { tool, json, workspace } => {
            quiet_logging(&config);
            return call::run(&config, &tool, &json, workspace.as_deref()).await;
        }
        Command::Key { command } => {
            quiet_logging(&config);
            keys::run(&config, command).await?;
        }
        Command::User { command } => {
            quiet_logging(&config);
            users::run(&config, command).await?;
        }
        Command::Plan { command } => users::plans(&config, &command),
        Command::Credit { command } => {
            quiet_logging(&config);
            match command {
                users::CreditCommand::Show { workspace } => {
                    users::show_credits(&config, workspace.as_deref()).await?;
                }
                users::CreditCommand::Grant {
                    workspace,
                    credits,
                    balance,
                    reference,
                } => {
                    let grant = workspaces::WorkspaceCommand::Grant {
                        workspace,
                        credits,
                        balance,
                        reference,
                    };
                    workspaces::run(&config, grant).await?;
                }
            }
        }
        Command::Workspace { command } => {
            quiet_logging(&config);
            workspaces::run(&config, command).await?;
        }
        Command::Models { command } => {
            quiet_logging(&config);
            return models::run(&config, command).await;
        }
        Command::Payments { command } => {
            quiet_logging(&config);
            return payments::run(&config, command).await;
        }
        Command::Catalogue { command } => {
            quiet_logging(&config);
            return catalogue::run(&config, &command);
        }
        Command::Provider { command } => {
            quiet_logging(&config);
            providers::run(&config, command).await?;
        }
        Command::Ledger { command } => {
            quiet_logging(&config);
            ledger::run(&config, command).await?;
        }
        Command::Mail { command } => {
            quiet_logging(&config);
            mail::run(&config, command).await?;
        }
        Command::Doctor => return doctor::run(&config).await,
        Command::Reference { .. } | Command::WorkChild { .. } => {}
    }
    Ok(std::process::ExitCode::SUCCESS)
}

fn flags(common: Common) -> Flags {
    Flags {
        data: common.data,
        config: common.config,
        set: common.set,
    }
}

/// A server logs to standard error as configured.
fn serve_logging(config: &Config) {
    // rmcp tells requests whole, with what callers sent; that must be asked for by name.
    let filter = tracing_subscriber::EnvFilter::try_new(format!("rmcp=error,{}", config.log))
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("rmcp=error,info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if config.log_json {
        builder.json().init()
    } else {
        builder.with_ansi(false).init()
    }
}

/// A command at the prompt says only what goes wrong.
fn quiet_logging(config: &Config) {
    let filter = if config.log == "info" { "error" } else { &config.log };
    let filter =
        tracing_subscriber::EnvFilter::try_new(filter).unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("error"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
}

/// The workspace of that id or name; the first one (made if there is none) when nobody says.
async fn workspace(studio: &Studio, named: Option<&str>) -> Result<Workspace> {
    let Some(named) = named else {
        return studio.ensure_workspace().await.map_err(explain);
    };
    let all = studio.store().workspaces().list().await.map_err(explain)?;
    let found = all
        .into_iter()
        .find(|workspace| workspace.id.as_str() == named || workspace.name.eq_ignore_ascii_case(named));
    found.ok_or_else(|| anyhow::anyhow!("there is no workspace `{named}`; see `aquatint workspace list`"))
}

/// Opens the studio and gives the operator's caller in a workspace.
async fn as_operator(config: &Config, named: Option<&str>) -> Result<(Studio, Caller)> {
    let studio = boot::open(config).await?;
    let workspace = workspace(&studio, named).await?;
    let caller = studio.operator(&workspace.id);
    Ok((studio, caller))
}

/// A name for a worker of a short-lived process.
fn passing_worker() -> String {
    format!(
        "cli-{}-{}",
        std::process::id(),
        aquatint_domain::RequestId::generate(aquatint_domain::Clock::now(&aquatint_domain::SystemClock))
    )
}

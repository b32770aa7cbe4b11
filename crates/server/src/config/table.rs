//! The table of settings. The file, the environment, `--set` and the reference page all come from it.

use std::path::Path;
use std::time::Duration;

use aquatint_app::{FfmpegSetting, OnnxRuntime};
use aquatint_providers::Secret;
use aquatint_providers::mail::MailTls;

use super::Config;
use super::values::{edit_model, flag, list, seconds, some, web_url, whole};

pub(super) type Outcome = Result<(), String>;

/// One setting.
pub struct Setting {
    /// Its key in the file and for `--set`.
    pub key: &'static str,
    pub env: &'static str,
    pub doc: &'static str,
    /// What holds when nobody sets it, in words.
    pub default: &'static str,
    pub example: &'static str,
    pub set: fn(&mut Config, &str) -> Outcome,
}

macro_rules! setting {
    ($key:literal, $env:literal, $default:literal, $example:literal, $doc:literal, $set:expr) => {
        Setting {
            key: $key,
            env: $env,
            default: $default,
            example: $example,
            doc: $doc,
            set: $set,
        }
    };
}

/// Every setting, in the order of the reference page.
pub static TABLE: &[Setting] = &[
    setting!(
        "listen",
        "AQUATINT_LISTEN",
        "127.0.0.1:8787, or the next free port",
        "127.0.0.1:8787",
        "Address and port to listen on; port 0 picks a free one.",
        |c, v| {
            c.listen = v
                .parse()
                .map_err(|_| "an address and port such as 127.0.0.1:8787 is needed".to_owned())?;
            c.listen_is_explicit = true;
            Ok(())
        }
    ),
    setting!(
        "public_url",
        "AQUATINT_PUBLIC_URL",
        "the listening address",
        "http://127.0.0.1:8787",
        "How clients reach the server; every URL it hands out begins with this. Needed when it does not listen on loopback.",
        |c, v| {
            c.public_url = Some(web_url(v)?);
            Ok(())
        }
    ),
    setting!(
        "database_url",
        "AQUATINT_DATABASE_URL",
        "sqlite:// in the data folder",
        "postgres://aquatint@127.0.0.1/aquatint",
        "The database: sqlite:///path or postgres://….",
        |c, v| {
            if !["sqlite://", "postgres://", "postgresql://"]
                .iter()
                .any(|scheme| v.starts_with(scheme))
            {
                return Err("it must begin with sqlite:// or postgres://".into());
            }
            c.settings.database_url = v.to_owned();
            Ok(())
        }
    ),
    setting!(
        "blobs_url",
        "AQUATINT_BLOBS_URL",
        "file:// in the data folder",
        "file:///var/lib/aquatint/blobs",
        "Where the bytes of assets are kept.",
        |c, v| {
            if !v.starts_with("file:///") {
                return Err("it must begin with file:/// in this version".into());
            }
            c.settings.blobs_url = v.to_owned();
            Ok(())
        }
    ),
    setting!(
        "queue_url",
        "AQUATINT_QUEUE_URL",
        "embedded",
        "embedded",
        "How work is delivered. `embedded` uses the jobs table.",
        |c, v| {
            c.queue_url = v.to_owned();
            Ok(())
        }
    ),
    setting!(
        "secret",
        "AQUATINT_SECRET",
        "made in the data folder at the first start",
        "",
        "Base64 of at least 32 bytes that signs media URLs; the same on every machine of one studio.",
        |c, v| {
            c.settings.secret = Some(v.to_owned());
            Ok(())
        }
    ),
    setting!(
        "allowed_hosts",
        "AQUATINT_ALLOWED_HOSTS",
        "the public URL's host, and loopback names when listening there",
        "studio.example.com",
        "Further values of the Host header that the MCP endpoint takes; comma-separated.",
        |c, v| {
            c.allowed_hosts = list(v);
            Ok(())
        }
    ),
    setting!(
        "allowed_origins",
        "AQUATINT_ALLOWED_ORIGINS",
        "the public URL's origin",
        "https://app.example.com",
        "Further values of the Origin header that the MCP endpoint takes; comma-separated.",
        |c, v| {
            c.allowed_origins = list(v);
            Ok(())
        }
    ),
    setting!(
        "max_body_bytes",
        "AQUATINT_MAX_BODY_BYTES",
        "75497472 (72 MiB)",
        "75497472",
        "Largest JSON request body; a data URI of the largest upload must fit.",
        |c, v| {
            c.max_body_bytes = whole(v, 1_024)?;
            Ok(())
        }
    ),
    setting!(
        "drain_seconds",
        "AQUATINT_DRAIN_SECONDS",
        "10",
        "10",
        "How long running jobs may go on after a stop signal; what is left is queued again.",
        |c, v| {
            c.drain_seconds = whole(v, 0)?;
            Ok(())
        }
    ),
    setting!(
        "log",
        "AQUATINT_LOG",
        "info",
        "info",
        "What is logged, as a tracing filter such as `info,aquatint=debug`.",
        |c, v| {
            c.log = v.to_owned();
            Ok(())
        }
    ),
    setting!(
        "log_json",
        "AQUATINT_LOG_JSON",
        "false",
        "false",
        "Log lines as JSON.",
        |c, v| {
            c.log_json = flag(v)?;
            Ok(())
        }
    ),
    setting!(
        "default_plan",
        "AQUATINT_DEFAULT_PLAN",
        "local",
        "local",
        "The plan of workspaces that are made without naming one.",
        |c, v| {
            c.settings.default_plan = v.to_owned();
            Ok(())
        }
    ),
    setting!(
        "credits_url",
        "AQUATINT_CREDITS_URL",
        "the page of usage and credits where something is sold, else the front page",
        "https://studio.example.com/credits",
        "Where a person adds credits; named in \"insufficient credits\".",
        |c, v| {
            c.settings.credits_url = Some(web_url(v)?);
            Ok(())
        }
    ),
    setting!(
        "upgrade_url",
        "AQUATINT_UPGRADE_URL",
        "the page of usage and credits where something is sold, else the front page",
        "https://studio.example.com/plans",
        "Where a person upgrades the plan; named in \"upgrade required\".",
        |c, v| {
            c.settings.upgrade_url = Some(web_url(v)?);
            Ok(())
        }
    ),
    setting!(
        "payments.provider",
        "AQUATINT_PAYMENTS_PROVIDER",
        "none",
        "none",
        "Who takes money for `[[credit_packs]]` and `[[plan_prices]]`: `stripe`, or `none`. See docs/payments.md.",
        |c, v| {
            c.uses_stripe = match v {
                "stripe" => true,
                "none" => false,
                _ => return Err("`stripe` or `none` is needed".into()),
            };
            Ok(())
        }
    ),
    // The two secrets are taken as they are: a refusal would print them.
    setting!(
        "payments.stripe_secret_key",
        "AQUATINT_PAYMENTS_STRIPE_SECRET_KEY",
        "none",
        "",
        "Stripe's secret or restricted API key (`sk_…`, `rk_…`). Better in the environment than in a file.",
        |c, v| {
            c.stripe.secret_key = Secret::new(v.trim());
            Ok(())
        }
    ),
    setting!(
        "payments.stripe_webhook_secret",
        "AQUATINT_PAYMENTS_STRIPE_WEBHOOK_SECRET",
        "none",
        "",
        "The signing secret of the webhook endpoint `/webhooks/stripe` (`whsec_…`); the old and the new one, comma-separated, while it is rolled.",
        |c, v| {
            c.stripe.webhook_secrets = list(v).into_iter().map(Secret::new).collect();
            Ok(())
        }
    ),
    setting!(
        "payments.stripe_url",
        "AQUATINT_PAYMENTS_STRIPE_URL",
        "https://api.stripe.com",
        "https://api.stripe.com",
        "Where Stripe's API is. For tests only.",
        |c, v| {
            c.stripe.base_url = web_url(v)?;
            Ok(())
        }
    ),
    setting!(
        "payments.grace_days",
        "AQUATINT_PAYMENTS_GRACE_DAYS",
        "7",
        "7",
        "How long a plan stays after a period that was not paid.",
        |c, v| {
            let days: u64 = whole(v, 0)?;
            if days > 90 {
                return Err("at most 90 days are possible".into());
            }
            c.settings.payments.grace = Duration::from_secs(days * 24 * 3_600);
            Ok(())
        }
    ),
    setting!(
        "limits.upload_max_bytes",
        "AQUATINT_LIMITS_UPLOAD_MAX_BYTES",
        "52428800 (50 MiB)",
        "52428800",
        "Largest upload, import or data URI.",
        |c, v| {
            c.settings.upload_max_bytes = whole(v, 1)?;
            c.settings.media.max_bytes = c.settings.upload_max_bytes;
            Ok(())
        }
    ),
    setting!(
        "limits.max_pixels",
        "AQUATINT_LIMITS_MAX_PIXELS",
        "50000000",
        "50000000",
        "Most pixels of one picture, coming in or made.",
        |c, v| {
            c.settings.media.max_pixels = whole(v, 1)?;
            Ok(())
        }
    ),
    setting!(
        "limits.max_side",
        "AQUATINT_LIMITS_MAX_SIDE",
        "16384",
        "16384",
        "Longest side of a picture, in pixels.",
        |c, v| {
            c.settings.media.max_side = whole(v, 1)?;
            Ok(())
        }
    ),
    setting!(
        "limits.max_frames",
        "AQUATINT_LIMITS_MAX_FRAMES",
        "200",
        "200",
        "Most frames of an animation that comes in.",
        |c, v| {
            c.settings.media.max_frames = whole(v, 1)?;
            Ok(())
        }
    ),
    setting!(
        "limits.batch_max",
        "AQUATINT_LIMITS_BATCH_MAX",
        "100",
        "100",
        "Most pictures in one batch.",
        |c, v| {
            c.settings.batch_max = whole(v, 1)?;
            Ok(())
        }
    ),
    setting!(
        "limits.queued_max",
        "AQUATINT_LIMITS_QUEUED_MAX",
        "1000",
        "1000",
        "Most jobs that one workspace may have waiting.",
        |c, v| {
            c.settings.queued_max = whole(v, 1)?;
            Ok(())
        }
    ),
    setting!(
        "urls.download_seconds",
        "AQUATINT_URLS_DOWNLOAD_SECONDS",
        "3600",
        "3600",
        "How long a media URL works, at most; it is rounded down by a sixth of that, or ten minutes, so that browsers can keep pictures.",
        |c, v| {
            c.settings.download_url_ttl = seconds(v, 1.0, 86_400.0)?;
            Ok(())
        }
    ),
    setting!(
        "urls.upload_seconds",
        "AQUATINT_URLS_UPLOAD_SECONDS",
        "10800 (3 hours)",
        "10800",
        "How long an upload URL works.",
        |c, v| {
            c.settings.upload_url_ttl = seconds(v, 1.0, 86_400.0)?;
            Ok(())
        }
    ),
    setting!(
        "trusted_proxies",
        "AQUATINT_TRUSTED_PROXIES",
        "none",
        "127.0.0.1",
        "Addresses of proxies before the server, comma-separated; the client that they name in X-Forwarded-For counts for limits and logs.",
        |c, v| {
            let addresses = v.split(',').map(str::trim).filter(|address| !address.is_empty());
            c.trusted_proxies = addresses
                .map(|address| address.parse().map_err(|_| format!("`{address}` is no IP address")))
                .collect::<Result<_, _>>()?;
            Ok(())
        }
    ),
    setting!(
        "pipelines.nodes",
        "AQUATINT_PIPELINES_NODES",
        "200",
        "200",
        "Nodes that one pipeline may have.",
        |c, v| {
            c.settings.pipelines.nodes = whole(v, 1)?;
            Ok(())
        }
    ),
    setting!(
        "pipelines.fan_out",
        "AQUATINT_PIPELINES_FAN_OUT",
        "500",
        "500",
        "Runs that one call may start, and items that one list in a run may have.",
        |c, v| {
            c.settings.pipelines.fan_out = whole(v, 1)?;
            Ok(())
        }
    ),
    setting!(
        "pipelines.depth",
        "AQUATINT_PIPELINES_DEPTH",
        "200",
        "200",
        "Nodes on the longest way through a pipeline.",
        |c, v| {
            c.settings.pipelines.depth = whole(v, 1)?;
            Ok(())
        }
    ),
    setting!(
        "pipelines.run_seconds",
        "AQUATINT_PIPELINES_RUN_SECONDS",
        "86400",
        "86400",
        "How long a run may take; one that has not ended by then fails, and its work is cancelled.",
        |c, v| {
            c.settings.pipelines.run_seconds = whole(v, 1)?;
            Ok(())
        }
    ),
    setting!(
        "trash_days",
        "AQUATINT_TRASH_DAYS",
        "30",
        "30",
        "Days that deleted assets stay in the trash before they go for good.",
        |c, v| {
            c.settings.trash_days = v
                .parse()
                .ok()
                .filter(|days| (1..=3_650).contains(days))
                .ok_or("a whole number of days from 1 to 3650 is needed")?;
            Ok(())
        }
    ),
    setting!(
        "wait.default_seconds",
        "AQUATINT_WAIT_DEFAULT_SECONDS",
        "20",
        "20",
        "How long a single edit is waited for when the caller does not say.",
        |c, v| {
            c.settings.wait_default = seconds(v, 0.0, 25.0)?;
            Ok(())
        }
    ),
    setting!(
        "wait.max_seconds",
        "AQUATINT_WAIT_MAX_SECONDS",
        "25",
        "25",
        "The longest that a call waits for a job (`sync: true`).",
        |c, v| {
            c.settings.wait_max = seconds(v, 0.0, 300.0)?;
            Ok(())
        }
    ),
    setting!(
        "answers.wait_seconds",
        "AQUATINT_ANSWERS_WAIT_SECONDS",
        "600",
        "600",
        "The longest that a call waits which answers in one step (`generate_image` of /mcp/aiphotogenerator and /mcp/pixola, `sync` of /mcp/krea).",
        |c, v| {
            c.settings.answers.wait_max = seconds(v, 0.1, 7_200.0)?;
            Ok(())
        }
    ),
    setting!(
        "answers.certain_seconds",
        "AQUATINT_ANSWERS_CERTAIN_SECONDS",
        "30",
        "30",
        "What such a call answers within this time was heard by its client; after a longer wait the same call finds the same result.",
        |c, v| {
            c.settings.answers.certain = seconds(v, 0.0, 3_600.0)?;
            Ok(())
        }
    ),
    setting!(
        "answers.kept_seconds",
        "AQUATINT_ANSWERS_KEPT_SECONDS",
        "600",
        "600",
        "How long the same call finds a result whose answer may not have been heard.",
        |c, v| {
            c.settings.answers.kept = seconds(v, 0.0, 86_400.0)?;
            Ok(())
        }
    ),
    setting!(
        "answers.keep_alive_seconds",
        "AQUATINT_ANSWERS_KEEP_ALIVE_SECONDS",
        "15",
        "15",
        "How long such a call may be silent before it sends a sign of life, so that no proxy cuts it.",
        |c, v| {
            c.keep_alive = seconds(v, 0.05, 300.0)?;
            Ok(())
        }
    ),
    setting!(
        "worker.jobs",
        "AQUATINT_WORKER_JOBS",
        "the number of processors",
        "2",
        "Jobs that one process runs at the same time; each has a child process.",
        |c, v| {
            c.settings.workers = whole(v, 1)?;
            Ok(())
        }
    ),
    setting!(
        "worker.lease_seconds",
        "AQUATINT_WORKER_LEASE_SECONDS",
        "30",
        "30",
        "After this long without a sign of life a worker is taken for dead.",
        |c, v| {
            c.settings.lease = seconds(v, 3.0, 3_600.0)?;
            Ok(())
        }
    ),
    setting!(
        "worker.attempts",
        "AQUATINT_WORKER_ATTEMPTS",
        "3",
        "3",
        "How often a job is tried.",
        |c, v| {
            c.settings.attempts_max = whole(v, 1)?;
            Ok(())
        }
    ),
    setting!(
        "child.memory_bytes",
        "AQUATINT_CHILD_LIMIT_BYTES",
        "2147483648 (2 GiB)",
        "2147483648",
        "Address space of one work child.",
        |c, v| {
            c.settings.child_memory_bytes = whole(v, 64 * 1024 * 1024)?;
            Ok(())
        }
    ),
    setting!(
        "child.timeout_seconds",
        "AQUATINT_CHILD_TIMEOUT_SECONDS",
        "300",
        "300",
        "The longest that one task may take in a work child.",
        |c, v| {
            c.settings.child_timeout = seconds(v, 1.0, 7_200.0)?;
            Ok(())
        }
    ),
    setting!(
        "child.idle_seconds",
        "AQUATINT_CHILD_IDLE_SECONDS",
        "60",
        "60",
        "After this long without work a child ends.",
        |c, v| {
            c.settings.child_idle = seconds(v, 1.0, 86_400.0)?;
            Ok(())
        }
    ),
    setting!(
        "models.folder",
        "AQUATINT_MODELS_FOLDER",
        "models in the data folder",
        "/var/lib/aquatint/models",
        "Where downloaded models are kept; the folder of a model can be copied from machine to machine.",
        |c, v| {
            if v.is_empty() {
                return Err("it must be the path of a folder".into());
            }
            c.settings.models = v.into();
            Ok(())
        }
    ),
    setting!(
        "models.onnx_runtime",
        "AQUATINT_MODELS_ONNX_RUNTIME",
        "auto",
        "off",
        "What runs models: `auto` (ONNX Runtime where its library is in the folder `onnxruntime` among the models, where ORT_DYLIB_PATH says or in the system's library folders; else the built-in runtime), `off` (the built-in runtime), or the path of the library.",
        |c, v| {
            c.settings.onnx_runtime = match v {
                "auto" => OnnxRuntime::Found,
                "off" => OnnxRuntime::Off,
                path if Path::new(path).is_file() => OnnxRuntime::At(path.into()),
                path => {
                    return Err(format!(
                        "it must be auto, off, or the path of a library; there is no file {path}"
                    ));
                }
            };
            Ok(())
        }
    ),
    setting!(
        "films.ffmpeg",
        "AQUATINT_FILMS_FFMPEG",
        "auto",
        "off",
        "What reads films in codecs that are not decoded here, and draws posters of drawings: `auto` (ffmpeg where it and ffprobe are on the search path), `off`, or the path of ffmpeg, with ffprobe beside it. It runs behind walls, which only Linux has.",
        |c, v| {
            c.settings.ffmpeg = match v {
                "auto" => FfmpegSetting::Found,
                "off" => FfmpegSetting::Off,
                path if Path::new(path).with_file_name("ffprobe").is_file() && Path::new(path).is_file() => {
                    FfmpegSetting::At(path.into())
                }
                path => {
                    return Err(format!(
                        "it must be auto, off, or the path of ffmpeg with ffprobe beside it; {path} is not"
                    ));
                }
            };
            Ok(())
        }
    ),
    setting!(
        "models.memory_bytes",
        "AQUATINT_MODELS_LIMIT_BYTES",
        "2147483648 (2 GiB)",
        "2147483648",
        "Weights of models that stay in memory together; the least recently used go first.",
        |c, v| {
            c.settings.models_memory_bytes = whole(v, 1024 * 1024)?;
            Ok(())
        }
    ),
    setting!(
        "provenance.sign",
        "AQUATINT_PROVENANCE_SIGN",
        "false",
        "true",
        "Say in each result how it was made: XMP, and a signed C2PA manifest.",
        |c, v| {
            c.settings.provenance.sign = flag(v)?;
            Ok(())
        }
    ),
    setting!(
        "provenance.certificate",
        "AQUATINT_PROVENANCE_CERTIFICATE",
        "a certificate of its own, made in the data folder",
        "/etc/aquatint/c2pa-chain.pem",
        "The certificate chain to sign with, PEM, the signer's own first. Others trust results only when it leads to an authority that they know.",
        |c, v| {
            c.settings.provenance.certificate = Some(v.into());
            Ok(())
        }
    ),
    setting!(
        "provenance.key",
        "AQUATINT_PROVENANCE_KEY",
        "made with the certificate",
        "/etc/aquatint/c2pa-key.pem",
        "The private key of that certificate, PKCS#8 PEM; keep it readable by the server alone.",
        |c, v| {
            c.settings.provenance.key = Some(v.into());
            Ok(())
        }
    ),
    setting!(
        "provenance.trust",
        "AQUATINT_PROVENANCE_TRUST",
        "none but the own one",
        "/etc/aquatint/c2pa-trust.pem",
        "Certificates of authorities, PEM, whose signatures in uploaded files are called trusted, such as the C2PA trust list.",
        |c, v| {
            c.settings.provenance.trust = Some(v.into());
            Ok(())
        }
    ),
    setting!(
        "mail.url",
        "AQUATINT_MAIL_URL",
        "none: no mail is sent",
        "smtp://user:password@mail.example.com:587",
        "The server that takes mail: smtp:// (port 587, with STARTTLS) or smtps:// (port 465), user and password percent-encoded. Needs `mail.from`.",
        |c, v| {
            c.settings.mail.server = Some(v.parse()?);
            Ok(())
        }
    ),
    setting!(
        "mail.user",
        "AQUATINT_MAIL_USER",
        "the one in mail.url",
        "studio@example.com",
        "The user at the mail server, as it is.",
        |c, v| {
            c.settings.mail.user = some(v);
            Ok(())
        }
    ),
    setting!(
        "mail.password",
        "AQUATINT_MAIL_PASSWORD",
        "the one in mail.url",
        "",
        "The password at the mail server, as it is.",
        |c, v| {
            c.settings.mail.password = some(v);
            Ok(())
        }
    ),
    setting!(
        "mail.from",
        "AQUATINT_MAIL_FROM",
        "none",
        "Studio <studio@example.com>",
        "Who sends: an address that the mail server lets one send from.",
        |c, v| {
            c.settings.mail.from = Some(v.parse()?);
            Ok(())
        }
    ),
    setting!(
        "mail.reply_to",
        "AQUATINT_MAIL_REPLY_TO",
        "mail.from",
        "help@example.com",
        "Where answers to letters go.",
        |c, v| {
            c.settings.mail.reply_to = Some(v.parse()?);
            Ok(())
        }
    ),
    setting!(
        "mail.tls",
        "AQUATINT_MAIL_TLS",
        "auto",
        "auto",
        "`auto` (TLS always, except by smtp:// to this very machine), `required`, or `off` for a mail server in a network of one's own that asks for no password.",
        |c, v| {
            c.settings.mail.tls = match v {
                "auto" => MailTls::Usual,
                "required" => MailTls::Required,
                "off" => MailTls::Off,
                _ => return Err("it must be auto, required or off".into()),
            };
            Ok(())
        }
    ),
    setting!(
        "mail.trust",
        "AQUATINT_MAIL_TRUST",
        "public authorities only",
        "/etc/aquatint/mail-authority.pem",
        "The certificate of an authority, PEM, that the mail server may be vouched for by, beside the public ones.",
        |c, v| {
            c.settings.mail.trust = Some(v.into());
            Ok(())
        }
    ),
    setting!(
        "fetch.allow_http",
        "AQUATINT_FETCH_ALLOW_HTTP",
        "false",
        "false",
        "Fetch plain http URLs too.",
        |c, v| {
            c.settings.fetcher.allow_http = flag(v)?;
            Ok(())
        }
    ),
    setting!(
        "vendors.credits_per_usd",
        "AQUATINT_VENDORS_CREDITS_PER_USD",
        "100",
        "120",
        "What a US dollar of a vendor's price is in credits.",
        |c, v| {
            let credits: f64 = v.parse().map_err(|_| "a number is needed".to_owned())?;
            if !(0.0..=1.0e6).contains(&credits) {
                return Err("a number from 0 to 1000000 is needed".into());
            }
            c.settings.credits_per_usd = credits;
            Ok(())
        }
    ),
    setting!(
        "vendors.own_key_fee",
        "AQUATINT_VENDORS_OWN_KEY_FEE",
        "0",
        "0.5",
        "Credits for each result that a workspace makes with its own key of a vendor.",
        |c, v| {
            c.settings.own_key_fee = v
                .parse()
                .ok()
                .filter(|fee: &f64| *fee >= 0.0)
                .and_then(aquatint_domain::Credits::from_f64)
                .ok_or_else(|| "a number of credits is needed".to_owned())?;
            Ok(())
        }
    ),
    setting!(
        "vendors.daily_budget",
        "AQUATINT_VENDORS_DAILY_BUDGET",
        "none",
        "5000",
        "Credits for which this server buys at each vendor in a day (UTC) with its own keys; what workspaces buy with theirs is not counted.",
        |c, v| {
            let budget = v
                .parse()
                .ok()
                .filter(|budget: &f64| *budget >= 0.0)
                .and_then(aquatint_domain::Credits::from_f64)
                .ok_or_else(|| "a number of credits is needed".to_owned())?;
            c.settings.vendor_daily_budget = Some(budget);
            Ok(())
        }
    ),
    setting!(
        "vendors.webhooks",
        "AQUATINT_VENDORS_WEBHOOKS",
        "where `public_url` is https and not of a private network",
        "true",
        "Whether vendors are told an address of this server at which they say that a task is done; it is asked for otherwise.",
        |c, v| {
            c.settings.vendor_webhooks = Some(flag(v)?);
            Ok(())
        }
    ),
    setting!(
        "edits.remove_background",
        "AQUATINT_EDITS_REMOVE_BACKGROUND",
        "the best model on this machine",
        "image/stability/remove-background",
        "The model of a vendor that removes backgrounds where the caller names none.",
        |c, v| edit_model(c, "edit.remove_background", v)
    ),
    setting!(
        "edits.upscale",
        "AQUATINT_EDITS_UPSCALE",
        "the best model on this machine",
        "image/fal/fal-ai/topaz/upscale/image",
        "The model of a vendor that upscales where the caller names none.",
        |c, v| edit_model(c, "edit.upscale", v)
    ),
    setting!(
        "edits.expand",
        "AQUATINT_EDITS_EXPAND",
        "the best model on this machine",
        "image/bfl/flux-outpaint",
        "The model of a vendor that expands pictures where the caller names none.",
        |c, v| edit_model(c, "edit.expand", v)
    ),
    setting!(
        "edits.erase",
        "AQUATINT_EDITS_ERASE",
        "the best model on this machine",
        "image/bfl/flux-erase",
        "The model of a vendor that erases where the caller names none.",
        |c, v| edit_model(c, "edit.erase", v)
    ),
    setting!(
        "fetch.allow_private",
        "AQUATINT_FETCH_ALLOW_PRIVATE",
        "none",
        "10.0.0.5:8080",
        "host:port of private servers that may be fetched from; comma-separated.",
        |c, v| {
            c.settings.fetcher.allow_private = list(v);
            Ok(())
        }
    ),
    setting!(
        "fetch.timeout_seconds",
        "AQUATINT_FETCH_TIMEOUT_SECONDS",
        "30",
        "30",
        "The longest that one fetch may take.",
        |c, v| {
            c.settings.fetcher.total_timeout = seconds(v, 1.0, 600.0)?;
            Ok(())
        }
    ),
    setting!(
        "conformance_fixtures",
        "AQUATINT_CONFORMANCE_FIXTURES",
        "false",
        "false",
        "Serve the fixed-name tools of the MCP conformance suite. For tests only.",
        |c, v| {
            c.conformance_fixtures = flag(v)?;
            Ok(())
        }
    ),
];

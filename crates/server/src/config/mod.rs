//! Configuration: one table of settings (see `table`), read from a TOML file, the environment and
//! flags, in rising order. An unknown key or a bad value is an error that names the key and the line.

mod file;
mod table;
mod values;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use aquatint_app::oauth::ConfiguredClient;
use aquatint_app::payments::{CreditPack, PlanPrice};
use aquatint_app::people::{GithubProvider, OidcProvider};
use aquatint_app::{ProviderSettings, Settings};
use aquatint_domain::{Credits, Plan, PlanName};
use aquatint_providers::Key;
use aquatint_providers::Secret;
use aquatint_providers::mail::MailDoor;
use aquatint_providers::payments::stripe;

pub use table::{Setting, TABLE};

/// Everything that a process is told.
#[derive(Clone, Debug)]
pub struct Config {
    pub data: PathBuf,
    pub listen: SocketAddr,
    /// Whether somebody asked for this very address; then no other is taken instead.
    pub listen_is_explicit: bool,
    pub public_url: Option<String>,
    pub allowed_hosts: Vec<String>,
    pub allowed_origins: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    pub max_body_bytes: usize,
    pub queue_url: String,
    pub log: String,
    pub log_json: bool,
    pub drain_seconds: u64,
    /// How long a call that waits for its work may be silent.
    pub keep_alive: Duration,
    pub conformance_fixtures: bool,
    /// Whether credits and plans are sold through Stripe, and how it is reached.
    pub uses_stripe: bool,
    pub stripe: stripe::Config,
    pub settings: Settings,
    /// The file that was read, if there was one.
    pub file: Option<PathBuf>,
}

/// What the command line says.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    pub data: Option<PathBuf>,
    pub config: Option<PathBuf>,
    /// `key=value` pairs.
    pub set: Vec<(String, String)>,
}

/// The tables of a configuration file.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(crate) struct Tables {
    pub plans: BTreeMap<PlanName, Plan>,
    pub prices: BTreeMap<String, Credits>,
    pub oauth_clients: Vec<ConfiguredClient>,
    pub oidc: Vec<OidcProvider>,
    pub credit_packs: Vec<CreditPack>,
    pub plan_prices: Vec<PlanPrice>,
    pub github: Option<GithubProvider>,
    pub providers: BTreeMap<String, ProviderTable>,
}

/// `[providers.NAME]`.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ProviderTable {
    key: Option<String>,
    base_url: Option<String>,
    allow_private: bool,
}

impl std::fmt::Debug for ProviderTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderTable")
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

/// The keys of [`Tables`].
const TABLES: [&str; 8] = [
    "plans",
    "prices",
    "oauth_clients",
    "oidc",
    "credit_packs",
    "plan_prices",
    "github",
    "providers",
];

impl Config {
    /// Reads everything: defaults, then the file, then the environment, then flags.
    pub fn load(flags: &Flags) -> Result<Self> {
        let environment = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let data = match (&flags.data, environment("AQUATINT_DATA")) {
            (Some(data), _) => data.clone(),
            (None, Some(data)) => PathBuf::from(data),
            (None, None) => default_data()?,
        };
        let data = std::path::absolute(&data)
            .with_context(|| format!("the data folder {} has no absolute path", data.display()))?;
        let program = std::env::current_exe().context("the program does not know where it is")?;
        let mut config = Self {
            settings: Settings::new(data.clone(), program),
            listen: SocketAddr::from(([127, 0, 0, 1], 8787)),
            listen_is_explicit: false,
            public_url: None,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            max_body_bytes: 72 * 1024 * 1024,
            queue_url: "embedded".into(),
            log: "info".into(),
            log_json: false,
            drain_seconds: 10,
            keep_alive: Duration::from_secs(15),
            conformance_fixtures: false,
            uses_stripe: false,
            stripe: stripe::Config {
                secret_key: Secret::new(""),
                webhook_secrets: Vec::new(),
                base_url: stripe::API.to_owned(),
            },
            file: None,
            data,
        };

        // The file: named, or the one in the data folder if there is one.
        let named = flags
            .config
            .clone()
            .or_else(|| environment("AQUATINT_CONFIG").map(PathBuf::from));
        let usual = config.data.join("aquatint.toml");
        if let Some(path) = named.or_else(|| usual.exists().then_some(usual)) {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("the configuration file {} cannot be read", path.display()))?;
            config.read_file(&path, &text)?;
            config.file = Some(path);
        }
        refuse_unknown_environment()?;
        config.read_vendor_keys(&environment)?;
        for setting in TABLE {
            if let Some(value) = environment(setting.env) {
                (setting.set)(&mut config, &value)
                    .map_err(|why| anyhow::anyhow!("{}: {why}{}", setting.env, shown(setting, &value)))?;
            }
        }
        for (key, value) in &flags.set {
            let setting = find(key)?;
            (setting.set)(&mut config, value)
                .map_err(|why| anyhow::anyhow!("--set {key}: {why}{}", shown(setting, value)))?;
        }
        config.check()?;
        config.check_payments()?;
        config.settings.payments.stripe = config.uses_stripe.then(|| config.stripe.clone());
        Ok(config)
    }

    fn read_file(&mut self, path: &Path, text: &str) -> Result<()> {
        let at = |line: usize| format!("{}, line {line}", path.display());
        for entry in file::entries(text).map_err(|(line, why)| anyhow::anyhow!("{}: {why}", at(line)))? {
            let setting = find(&entry.key).with_context(|| at(entry.line))?;
            (setting.set)(self, &entry.value).map_err(|why| {
                anyhow::anyhow!(
                    "{}: `{}`: {why}{}",
                    at(entry.line),
                    entry.key,
                    shown(setting, &entry.value)
                )
            })?;
        }
        let tables = file::tables(text).map_err(|(line, why)| anyhow::anyhow!("{}: {why}", at(line)))?;
        self.settings.plans.extend(tables.plans);
        self.settings.prices.extend(tables.prices);
        self.settings.oauth_clients.extend(tables.oauth_clients);
        self.settings.oidc.extend(tables.oidc);
        self.settings.payments.packs.extend(tables.credit_packs);
        self.settings.payments.plan_prices.extend(tables.plan_prices);
        self.settings.github = tables.github.or(self.settings.github.take());
        for (id, table) in tables.providers {
            let key = match table.key.as_deref() {
                None => None,
                Some(text) => Some(Key::new(text).with_context(|| {
                    format!(
                        "{}: providers.{id}.key is no key: it is empty or has spaces in it",
                        path.display()
                    )
                })?),
            };
            let given = ProviderSettings {
                key,
                base_url: table.base_url,
                allow_private: table.allow_private,
            };
            self.settings.providers.insert(id, given);
        }
        Ok(())
    }

    /// Vendors' keys from the variables that the vendors' own tools read; the file comes before them.
    fn read_vendor_keys(&mut self, environment: &dyn Fn(&str) -> Option<String>) -> Result<()> {
        for provider in aquatint_providers::ALL {
            let facts = provider.facts();
            let Some((name, text)) = facts
                .key_variables
                .iter()
                .find_map(|name| Some((name, environment(name)?)))
            else {
                continue;
            };
            let key = Key::new(&text).with_context(|| format!("{name} is no key: it has spaces in it"))?;
            let given = self.settings.providers.entry(facts.id.to_owned()).or_default();
            given.key.get_or_insert(key);
        }
        Ok(())
    }

    /// What one setting alone cannot know.
    fn check(&self) -> Result<()> {
        if self.queue_url != "embedded" {
            bail!("queue_url: only `embedded` works in this version; NATS comes behind the same setting");
        }
        MailDoor::open(&self.settings.mail).map_err(crate::boot::explain)?;
        for provider in &self.settings.oidc {
            let is_name = !provider.name.is_empty()
                && provider
                    .name
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
            if !is_name {
                bail!(
                    "oidc: `{}` is no name for a provider; use small letters, digits and -",
                    provider.name
                );
            }
        }
        if let Some(github) = &self.settings.github {
            github.check().map_err(|why| anyhow::anyhow!("github: {why}"))?;
        }
        for id in self.settings.providers.keys() {
            if aquatint_providers::provider::find(id).is_none() {
                let known: Vec<&str> = aquatint_providers::ALL.iter().map(|vendor| vendor.facts().id).collect();
                bail!(
                    "providers.{id}: there is no vendor `{id}`; there are: {}",
                    known.join(", ")
                );
            }
        }
        if !self.settings.plans.contains_key(&self.settings.default_plan) {
            let known: Vec<&str> = self.settings.plans.keys().map(String::as_str).collect();
            bail!(
                "default_plan: there is no plan `{}`; there are: {}",
                self.settings.default_plan,
                known.join(", ")
            );
        }
        if !self.listen.ip().is_loopback() && self.public_url.is_none() {
            bail!(
                "public_url: a server that listens on {} must be told how clients reach it, such as https://studio.example.com",
                self.listen
            );
        }
        Ok(())
    }
}

impl Config {
    /// What is sold must be whole before anybody is offered it. No secret stands in a message.
    fn check_payments(&self) -> Result<()> {
        let payments = &self.settings.payments;
        let mut prices = std::collections::HashSet::new();
        let all = payments.packs.iter().map(|pack| ("credit_packs", &pack.price));
        for (table, price) in all.chain(payments.plan_prices.iter().map(|offer| ("plan_prices", &offer.price))) {
            if !price.starts_with("price_") {
                bail!(
                    "{table}: `{price}` is no price of Stripe; its id begins with price_ (a product's begins with prod_)"
                );
            }
            if !prices.insert(price) {
                bail!("{table}: the price `{price}` stands twice; each offer needs one of its own");
            }
        }
        if let Some(pack) = payments.packs.iter().find(|pack| pack.credits <= Credits::ZERO) {
            bail!("credit_packs: `{}` must bring more than 0 credits", pack.title);
        }
        for offer in &payments.plan_prices {
            if !self.settings.plans.contains_key(&offer.plan) {
                let known: Vec<&str> = self.settings.plans.keys().map(String::as_str).collect();
                bail!(
                    "plan_prices: there is no plan `{}`; there are: {}",
                    offer.plan,
                    known.join(", ")
                );
            }
            if !(1..=60).contains(&offer.times) {
                bail!("plan_prices: `times` of `{}` must be 1 to 60", offer.plan);
            }
        }
        if self.uses_stripe && self.stripe.secret_key.is_empty() {
            bail!(
                "payments.stripe_secret_key: needed where payments.provider is `stripe`; Stripe shows it under Developers, API keys"
            );
        }
        if self.uses_stripe && self.stripe.webhook_secrets.is_empty() {
            bail!(
                "payments.stripe_webhook_secret: needed where payments.provider is `stripe`; Stripe shows it beside the webhook endpoint"
            );
        }
        Ok(())
    }
}

/// Names in the environment that begin as settings do and are none: of other commands, of clients, of tests.
const NO_SETTINGS: &[&str] = &[
    "AQUATINT_DATA",
    "AQUATINT_CONFIG",
    "AQUATINT_KEY",
    "AQUATINT_URL",
    "AQUATINT_SERVER",
    "AQUATINT_CLIENT_ID",
    "AQUATINT_SAVE",
    "AQUATINT_FAILPOINT",
    "AQUATINT_SAMPLES",
    "AQUATINT_BLESS",
];
const TEST_PREFIX: &str = "AQUATINT_TEST_";

/// A misspelt variable would do nothing, and its owner would never know.
fn refuse_unknown_environment() -> Result<()> {
    let known: Vec<&str> = TABLE.iter().map(|setting| setting.env).collect();
    for (name, _) in std::env::vars_os() {
        let Some(name) = name.to_str().filter(|name| name.starts_with("AQUATINT_")) else {
            continue;
        };
        if known.contains(&name) || NO_SETTINGS.contains(&name) || name.starts_with(TEST_PREFIX) {
            continue;
        }
        match aquatint_app::arguments::nearest(name, &known) {
            Some(near) => bail!("the environment has {name}, which is no setting; did you mean {near}?"),
            None => bail!(
                "the environment has {name}, which is no setting; docs/reference/settings.md lists them all, unset it"
            ),
        }
    }
    Ok(())
}

/// Settings that hold a secret, or may.
const SECRET: [&str; 4] = ["secret", "database_url", "mail.url", "mail.password"];

/// A value that does not do, as its error shows it; a secret is not shown.
fn shown(setting: &Setting, value: &str) -> String {
    if SECRET.contains(&setting.key) {
        String::new()
    } else {
        format!(" (it is `{value}`)")
    }
}

/// The setting of that key, or an error that names the nearest one.
fn find(key: &str) -> Result<&'static Setting> {
    TABLE.iter().find(|setting| setting.key == key).ok_or_else(|| {
        let known: Vec<&str> = TABLE.iter().map(|setting| setting.key).collect();
        match aquatint_app::arguments::nearest(key, &known) {
            Some(near) => anyhow::anyhow!("unknown setting `{key}`; did you mean `{near}`?"),
            None => anyhow::anyhow!("unknown setting `{key}`; docs/reference/settings.md lists them all"),
        }
    })
}

/// Where data goes when nobody says: the platform's folder for it.
fn default_data() -> Result<PathBuf> {
    let set = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    if let Some(folder) = set("XDG_DATA_HOME").filter(|folder| folder.is_absolute()) {
        return Ok(folder.join("aquatint"));
    }
    match set("HOME") {
        Some(home) if cfg!(target_os = "macos") => Ok(home.join("Library/Application Support/aquatint")),
        Some(home) => Ok(home.join(".local/share/aquatint")),
        None => bail!("there is no home folder; say where data goes with --data DIR or AQUATINT_DATA"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Config> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("given.toml");
        std::fs::write(&path, text).expect("written");
        Config::load(&Flags {
            data: Some(folder.path().to_owned()),
            config: Some(path),
            set: Vec::new(),
        })
    }

    fn refused(text: &str) -> String {
        format!("{:#}", load(text).expect_err("refused"))
    }

    #[test]
    fn a_file_sets_what_it_names() {
        let config = load(
            "listen = \"127.0.0.1:9000\"\n[limits]\nmax_pixels = 1000\n[fetch]\nallow_private = [\"a:1\", \"b:2\"]\n[plans.team]\nconcurrent_jobs = 3\nplan_units = 2.5\n[prices]\n\"edit.upscale\" = 0.25\n",
        );
        let config = config.expect("a good file");
        assert_eq!(
            (
                config.listen.port(),
                config.listen_is_explicit,
                config.settings.media.max_pixels
            ),
            (9000, true, 1000)
        );
        assert_eq!(config.settings.fetcher.allow_private, ["a:1", "b:2"]);
        assert_eq!(config.settings.plans["team"].concurrent_jobs, 3);
        assert_eq!(config.settings.prices["edit.upscale"], Credits::from_micro(250_000));
    }

    #[test]
    fn errors_name_the_key_and_the_line() {
        for (text, words) in [
            ("\n\nlistn = \"x\"", ["line 3", "`listn`", "`listen`"]),
            (
                "[limits]\nmax_pixels = \"many\"",
                ["line 2", "limits.max_pixels", "whole number"],
            ),
            ("listen = \"nowhere\"", ["line 1", "`listen`", "127.0.0.1:8787"]),
            ("a = = 1", ["line 1", "given.toml", ""]),
            ("[plans.x]\nrefuse = true", ["line 2", "refuse", ""]),
            ("queue_url = \"nats://x\"", ["queue_url", "embedded", ""]),
            ("default_plan = \"gold\"", ["default_plan", "gold", "local"]),
            ("listen = \"0.0.0.0:80\"", ["public_url", "0.0.0.0:80", ""]),
            (
                "[mail]\nurl = \"smpt://me:hidden@mail\"",
                ["line 2", "mail.url", "smtp://"],
            ),
            (
                "[mail]\nfrom = \"nobody\"",
                ["line 2", "mail.from", "studio@example.com"],
            ),
            (
                "[mail]\nurl = \"smtp://mail.example.com\"",
                ["mail.url", "mail.from", ""],
            ),
            (
                "[mail]\nurl = \"smtp://me:hidden@mail.example.com\"\nfrom = \"a@example.com\"\ntls = \"off\"",
                ["mail.tls", "password", ""],
            ),
        ] {
            let error = refused(text);
            assert!(!error.contains("hidden"), "{error}");
            for word in words {
                assert!(error.contains(word), "{text:?}: {error:?} lacks {word:?}");
            }
        }
    }

    const SELLING: &str = "[payments]\nprovider = \"stripe\"\nstripe_secret_key = \"sk_test_hush\"\nstripe_webhook_secret = \"whsec_new, whsec_old\"\n";

    #[test]
    fn payments_are_whole_or_refused_and_their_secrets_never_print() {
        let offers = "[[credit_packs]]\nprice = \"price_1\"\ntitle = \"100 credits\"\ncredits = 100\n[[plan_prices]]\nprice = \"price_2\"\nplan = \"pro\"\ntimes = 12\n";
        let config = load(&format!("{SELLING}{offers}")).expect("whole");
        let payments = &config.settings.payments;
        assert_eq!((payments.packs.len(), payments.plan_prices[0].times), (1, 12));
        assert_eq!(
            payments.stripe.as_ref().map(|stripe| stripe.webhook_secrets.len()),
            Some(2)
        );
        let printed = format!("{config:?}");
        assert!(!printed.contains("hush") && !printed.contains("whsec_"), "{printed}");
        assert!(load(offers).expect("offers alone").settings.payments.stripe.is_none());

        let pack = "[[credit_packs]]\ntitle = \"x\"\ncredits = 1\n";
        for (text, words) in [
            (
                "[payments]\nprovider = \"stripe\"".to_owned(),
                "payments.stripe_secret_key",
            ),
            (
                "[payments]\nprovider = \"stripe\"\nstripe_secret_key = \"sk_test_hush\"".to_owned(),
                "payments.stripe_webhook_secret",
            ),
            ("[payments]\nprovider = \"paypal\"".to_owned(), "`stripe` or `none`"),
            ("[payments]\ngrace_days = 400".to_owned(), "at most 90 days"),
            (format!("{pack}price = \"prod_1\""), "prod_1"),
            (
                format!("{pack}price = \"price_1\"\nbalance = \"gold\""),
                "unknown variant `gold`",
            ),
            (
                format!("{pack}price = \"price_1\"\n{pack}price = \"price_1\""),
                "stands twice",
            ),
            (
                "[[credit_packs]]\ntitle = \"x\"\ncredits = 0\nprice = \"price_1\"".to_owned(),
                "more than 0",
            ),
            (
                "[[plan_prices]]\nplan = \"gold\"\nprice = \"price_1\"".to_owned(),
                "no plan `gold`",
            ),
            (
                "[[plan_prices]]\nplan = \"pro\"\nprice = \"price_1\"\ntimes = 0".to_owned(),
                "1 to 60",
            ),
        ] {
            let error = refused(&text);
            assert!(error.contains(words) && !error.contains("hush"), "{text}: {error}");
        }
    }

    #[test]
    fn every_default_in_the_table_is_accepted_by_its_own_setting() {
        let mut config = load("").expect("defaults");
        let mut keys = std::collections::HashSet::new();
        for setting in TABLE {
            assert!(
                keys.insert(setting.key) && keys.insert(setting.env),
                "{} stands twice",
                setting.key
            );
            if !setting.example.is_empty() {
                (setting.set)(&mut config, setting.example).unwrap_or_else(|why| panic!("{}: {why}", setting.key));
            }
        }
    }
}

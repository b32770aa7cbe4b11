//! Stand-ins for vendors, for tests: each is a web server on this machine that answers as the vendor's documentation
//! says, holds every request against the documented schema, and misbehaves on demand.
//!
//! A vendor has one file here, written from its documentation and not from our own code: paths, headers, fields, states
//! and error bodies. Everything else is the same for all: the server, the faults, the pictures.

pub mod faults;
pub mod files;
pub mod http;
pub mod shop;
pub mod vendors;
pub mod webhooks;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use aquatint_providers::Provider;
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub use faults::{Act, CASES, Case, Expect, Trouble};
pub use http::{Part, Reply, Request};
pub use shop::{Shop, Spoil, State};

/// What a request is about, so that a fault can be aimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Sending a file before the submit.
    Upload,
    /// The request that costs.
    Submit,
    Poll,
    /// Fetching a result.
    Result,
    Cancel,
    /// The harmless call with a key.
    Key,
    /// Models, schemas, secrets of webhooks and such.
    Read,
}

/// A vendor as its documentation describes it.
pub struct StandIn {
    pub provider: &'static dyn Provider,
    /// A key of the documented form.
    pub key: &'static str,
    /// What a request is about; `None` for a path or method that the documentation does not have.
    pub step: fn(&Request) -> Option<Step>,
    /// The answer of the vendor in good health. `Err` says how the request breaks the documented schema.
    pub answer: fn(&mut Shop, &Request) -> Result<Reply, String>,
    /// The vendor's documented answer for a trouble: its status and its error body.
    pub trouble: fn(Trouble) -> Reply,
}

/// Every vendor's stand-in, a row each.
pub static ALL: &[&StandIn] = &[
    &vendors::openai::STAND_IN,
    &vendors::google::STAND_IN,
    &vendors::bfl::STAND_IN,
    &vendors::stability::STAND_IN,
    &vendors::recraft::STAND_IN,
    &vendors::ideogram::STAND_IN,
    &vendors::replicate::STAND_IN,
    &vendors::fal::STAND_IN,
    &vendors::huggingface::STAND_IN,
    &vendors::runway::STAND_IN,
    &vendors::luma::STAND_IN,
    &vendors::luma_dream_machine::STAND_IN,
    &vendors::comfyui::STAND_IN,
];

/// A running stand-in; it ends when it is dropped.
pub struct Running {
    port: u16,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    stand: &'static StandIn,
    shop: Mutex<Shop>,
    fault: Mutex<Option<Case>>,
    /// Steps in the order in which they were asked for, and how often the fault was shown.
    asked: Mutex<Vec<Step>>,
    shown: Mutex<u32>,
    /// How requests broke the schema.
    complaints: Mutex<Vec<String>>,
}

impl StandIn {
    /// Starts it on a free port of 127.0.0.1.
    pub async fn start(&'static self) -> Running {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free port on 127.0.0.1");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let shared = Arc::new(Shared {
            stand: self,
            shop: Mutex::new(Shop::new(format!("http://127.0.0.1:{port}"))),
            fault: Mutex::default(),
            asked: Mutex::default(),
            shown: Mutex::default(),
            complaints: Mutex::default(),
        });
        let served = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&served);
                // A client that hangs up is none of the stand-in's business.
                tokio::spawn(async move { serve(stream, &shared).await.ok() });
            }
        });
        Running { port, shared, task }
    }
}

impl Running {
    /// The base URL, to be set in place of the vendor's own.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Shows this fault from now on.
    pub fn misbehave(&self, case: Case) {
        *self.shared.shown.lock() = 0;
        if let Act::Spoiled(spoil) = case.act {
            self.shared.shop.lock().spoil = Some(spoil);
        }
        if let Act::State(state) = case.act {
            self.shared.shop.lock().states = vec![state; case.times.min(1_000) as usize];
        }
        *self.shared.fault.lock() = Some(case);
    }

    /// The state of the shop, to look at or to change.
    pub fn shop<T>(&self, look: impl FnOnce(&mut Shop) -> T) -> T {
        look(&mut self.shared.shop.lock())
    }

    /// How often that step was asked for.
    pub fn asked(&self, step: Step) -> usize {
        self.shared.asked.lock().iter().filter(|asked| **asked == step).count()
    }

    /// What the vendor would send at that second, in seconds since 1970, of the order with that number among those that
    /// named an address.
    pub fn parcel(&self, number: usize, at: i64) -> webhooks::Parcel {
        let shop = self.shared.shop.lock();
        let asked = shop.webhooks.get(number).expect("so many orders named an address");
        webhooks::parcel(self.shared.stand.provider.facts().id, &shop, asked, at).expect("this vendor sends webhooks")
    }

    /// Fails when a request broke the vendor's schema.
    pub fn assert_sound(&self) {
        let complaints = self.shared.complaints.lock();
        assert!(
            complaints.is_empty(),
            "{}: {complaints:#?}",
            self.shared.stand.provider.facts().id
        );
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    // A fault that strikes before the request is read is aimed at the next step, whatever it is.
    let request = http::read(&mut stream).await?;
    let is_result = request.path.starts_with(shop::RESULTS);
    let step = if is_result {
        Some(Step::Result)
    } else {
        (shared.stand.step)(&request)
    };
    let Some(step) = step else {
        shared
            .complaints
            .lock()
            .push(format!("{} {} is not documented", request.method, request.path));
        return http::write(&mut stream, &Reply::text(404, "no such path")).await;
    };
    shared.asked.lock().push(step);
    let fault = fault_for(shared, step);
    // Also a request that will be answered badly has to be a good one.
    let is_open = is_result || request.path.starts_with("/open/");
    let good = if is_result {
        Ok(shared.shop.lock().result(&request.path))
    } else {
        answer(shared, &request, fault.is_some())
    };
    let good = good.unwrap_or_else(|complaint| {
        shared
            .complaints
            .lock()
            .push(format!("{} {}: {complaint}", request.method, request.path));
        (shared.stand.trouble)(Trouble::Invalid)
    });
    if is_open && request.carries(shared.stand.key) {
        shared
            .complaints
            .lock()
            .push(format!("the key was sent to {}", request.path));
    }
    match fault {
        None => http::write(&mut stream, &good).await,
        Some(case) => faults::act(&mut stream, &case, shared.stand.trouble, &good).await,
    }
}

/// The fault to show for this step, if its times are not used up.
fn fault_for(shared: &Shared, step: Step) -> Option<Case> {
    let case = (*shared.fault.lock()).filter(|case| case.step == step)?;
    // What spoils goods or states is done by the shop.
    if matches!(case.act, Act::Spoiled(_) | Act::State(_)) {
        return None;
    }
    let mut shown = shared.shown.lock();
    *shown += 1;
    (*shown <= case.times).then_some(case)
}

/// The vendor's answer. Under a fault that says that nothing was sold, the sale is undone.
fn answer(shared: &Shared, request: &Request, is_faulty: bool) -> Result<Reply, String> {
    let mut shop = shared.shop.lock();
    let (sold, tasks) = (shop.sold, shop.tasks.len());
    let reply = (shared.stand.answer)(&mut shop, request);
    if shop.tasks.len() > tasks
        && let (Some((url, secret)), Some(task)) = (webhooks::address(request), shop.tasks.last())
    {
        let task = task.id.clone();
        shop.webhooks.push(webhooks::Asked { task, url, secret });
    }
    if is_faulty {
        let refuses = (*shared.fault.lock()).is_some_and(|case| case.act.refuses());
        if refuses {
            shop.sold = sold;
            shop.tasks.truncate(tasks);
        }
    }
    reply
}

/// A moment that is long for a stand-in and short for a person.
pub const MOMENT: Duration = Duration::from_millis(20);

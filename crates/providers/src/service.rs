//! A vendor with a key and all layers around it: what the product speaks to.
//!
//! The rule that everything here keeps: **nothing is bought twice**. A submit is sent again only when it is certain
//! that nothing was bought (the vendor refused, or the request never left), when the vendor documents that repeating
//! is safe, or when the vendor was asked and knows nothing of it. Polls, fetches and key checks are safe to repeat.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aquatint_domain::{MediaType, Model};
use bytes::Bytes;
use tokio::sync::Notify;

use crate::chat::{ChatAnswer, ChatOrder};
use crate::desk::Desk;
use crate::fault::{Bought, Fault, FaultKind};
use crate::layers::breaker::Breaker;
use crate::layers::gate::{Gate, Place};
use crate::layers::meter::Meter;
use crate::layers::retry::Retry;
use crate::layers::sniff;
use crate::order::Order;
use crate::outcome::{Cancelled, Found, KeyFacts, Outcome, Output, Progress, Source, Submitted, Task};
use crate::provider::{Facts, Provider};
use crate::webhook::{Delivery, Notice};

/// The shortest pause between two polls, whatever a vendor says.
const LEAST_POLL: Duration = Duration::from_millis(250);
/// The longest.
const LONGEST_POLL: Duration = Duration::from_secs(60);

/// Between two polls of a vendor whose webhooks arrive.
const TOLD_POLL: Duration = Duration::from_secs(30);

/// Rings when a vendor told us that there is news of a task. A ring that nobody waits for is kept.
#[derive(Clone, Debug, Default)]
pub struct Bell(Arc<Notify>);

impl Bell {
    pub fn ring(&self) {
        self.0.notify_one();
    }

    async fn rung(&self) {
        self.0.notified().await;
    }
}

/// A result in hand.
#[derive(Clone, Debug)]
pub struct Collected {
    pub bytes: Bytes,
    /// By its first bytes; the decoding child has the last word.
    pub media_type: MediaType,
    pub seed: Option<u64>,
    pub revised_prompt: Option<String>,
    pub flags: Vec<String>,
}

/// One account at one vendor.
pub struct Service {
    provider: &'static dyn Provider,
    desk: Desk,
    gate: Gate,
    breaker: Breaker,
    retry: Retry,
    meter: Arc<Meter>,
    poll_every: Duration,
    longest_poll: Duration,
    told_poll: Duration,
    /// The last task of which a webhook was expected was told by one.
    is_told: AtomicBool,
}

impl Service {
    pub fn new(provider: &'static dyn Provider, desk: Desk, meter: Arc<Meter>) -> Self {
        let pace = provider.facts().pace;
        Self {
            provider,
            desk,
            gate: Gate::new(pace),
            breaker: Breaker::default(),
            retry: Retry::default(),
            meter,
            poll_every: pace.poll_every,
            longest_poll: LONGEST_POLL,
            told_poll: TOLD_POLL,
            is_told: AtomicBool::new(false),
        }
    }

    /// With other patience, and no longer pauses between polls whatever a vendor says. For tests.
    pub fn with(mut self, retry: Retry, poll_every: Duration) -> Self {
        self.retry = retry;
        self.poll_every = poll_every;
        self.longest_poll = poll_every;
        self
    }

    pub fn facts(&self) -> &'static Facts {
        self.provider.facts()
    }

    /// Waits for a place at the vendor; it is kept from the submit to the end of the task.
    pub async fn place(&self) -> Place {
        self.gate.place().await
    }

    /// Whether the key is good, by a call that costs nothing.
    pub async fn check_key(&self) -> Result<KeyFacts, Fault> {
        self.again(|| self.provider.check_key(&self.desk)).await
    }

    /// A model of the vendor that is not in its list.
    pub async fn find(&self, slug: &str) -> Result<Option<Model>, Fault> {
        self.again(|| self.provider.find(&self.desk, slug)).await
    }

    pub async fn search(&self, words: &str) -> Result<Vec<Model>, Fault> {
        self.again(|| self.provider.search(&self.desk, words)).await
    }

    /// Buys. See the head of this file for when it is sent again.
    pub async fn submit(&self, order: &Order) -> Result<Submitted, Fault> {
        let vendor = self.facts().id;
        let mut tried = 0;
        loop {
            self.breaker.check()?;
            self.gate.pass().await;
            self.meter.note(vendor, |counts| counts.submits += 1);
            let submitted = self.provider.submit(&self.desk, order).await;
            self.breaker.learn(submitted.as_ref().err());
            tried += 1;
            let mut fault = match submitted {
                Ok(Submitted::Done(outcome)) => return self.checked(outcome, order.count).map(Submitted::Done),
                Ok(waiting) => return Ok(waiting),
                Err(fault) => fault,
            };
            self.meter.fault(vendor, &fault);
            if fault.bought == Bought::Unknown {
                match self.again(|| self.provider.look_up(&self.desk, order)).await {
                    Ok(Found::Bought(Submitted::Done(outcome))) => {
                        return self.checked(outcome, order.count).map(Submitted::Done);
                    }
                    Ok(Found::Bought(waiting)) => return Ok(waiting),
                    Ok(Found::NotBought) => fault.bought = Bought::No,
                    Ok(Found::NotOffered) | Err(_) => {}
                }
            }
            if fault.bought != Bought::No && !(fault.bought == Bought::Unknown && self.facts().repeats_safely) {
                return Err(fault);
            }
            let Some(pause) = self.retry.pause(&fault, tried) else {
                return Err(fault);
            };
            self.meter.note(vendor, |counts| counts.retries += 1);
            tokio::time::sleep(pause).await;
        }
    }

    /// Asks a language model. The same rule: only what surely was not answered is asked again.
    pub async fn chat(&self, order: &ChatOrder) -> Result<ChatAnswer, Fault> {
        let vendor = self.facts().id;
        let mut tried = 0;
        loop {
            self.breaker.check()?;
            self.gate.pass().await;
            self.meter.note(vendor, |counts| counts.submits += 1);
            let answered = self.provider.chat(&self.desk, order).await;
            self.breaker.learn(answered.as_ref().err());
            tried += 1;
            let fault = match answered {
                Ok(answer) => {
                    self.meter.note(vendor, |counts| counts.outputs += 1);
                    return Ok(answer);
                }
                Err(fault) => fault,
            };
            self.meter.fault(vendor, &fault);
            let pause = self.retry.pause(&fault, tried).filter(|_| fault.bought == Bought::No);
            let Some(pause) = pause else {
                return Err(fault);
            };
            self.meter.note(vendor, |counts| counts.retries += 1);
            tokio::time::sleep(pause).await;
        }
    }

    /// Where the service stands: the vendor's own address, or one that an operator named.
    pub fn is_at_home(&self) -> bool {
        self.desk.base_url() == self.facts().base_url
    }

    /// Finds out, after a crash, what became of an order whose submit was begun and whose answer was never stored.
    pub async fn look_up(&self, order: &Order) -> Result<Found, Fault> {
        self.again(|| self.provider.look_up(&self.desk, order)).await
    }

    /// How a task stands. What it is about was bought, so a fault in asking says so.
    pub async fn poll(&self, task: &Task) -> Result<Progress, Fault> {
        self.meter.note(self.facts().id, |counts| counts.polls += 1);
        self.again(|| self.provider.poll(&self.desk, task))
            .await
            .map_err(|mut fault| {
                if fault.kind == FaultKind::NoSuchModel {
                    fault.kind = FaultKind::TaskLost;
                }
                fault.bought(Bought::Yes)
            })
    }

    /// Polls until the task ends or `deadline` has passed. `tell` hears of progress, 0 to 1, and the stage.
    pub async fn wait(
        &self,
        task: &Task,
        count: u32,
        deadline: Duration,
        tell: &mut (dyn FnMut(Option<f64>, &str) + Send),
    ) -> Result<Outcome, Fault> {
        self.wait_told(task, count, deadline, None, tell).await
    }

    /// The same, where a webhook is expected: a ring is a reason to ask at once. While webhooks arrive there are far fewer
    /// polls; an address that a vendor cannot reach costs nothing but that.
    pub async fn wait_told(
        &self,
        task: &Task,
        count: u32,
        deadline: Duration,
        bell: Option<&Bell>,
        tell: &mut (dyn FnMut(Option<f64>, &str) + Send),
    ) -> Result<Outcome, Fault> {
        let (outcome, was_told) = self.watch(task, count, deadline, bell, tell).await;
        if bell.is_some() {
            self.is_told.store(was_told, Ordering::Relaxed);
        }
        outcome
    }

    async fn watch(
        &self,
        task: &Task,
        count: u32,
        deadline: Duration,
        bell: Option<&Bell>,
        tell: &mut (dyn FnMut(Option<f64>, &str) + Send),
    ) -> (Result<Outcome, Fault>, bool) {
        let mut was_told = false;
        let ends = tokio::time::Instant::now() + deadline;
        let mut pause = Duration::from_millis(task.ask_after_ms).min(self.poll_every);
        loop {
            if tokio::time::Instant::now() + pause > ends {
                let words = "the task did not end in its time";
                let fault = Fault::new(FaultKind::TimedOut, words).bought(Bought::Yes);
                return (Err(fault), was_told);
            }
            match bell {
                None => tokio::time::sleep(pause).await,
                Some(bell) => tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = bell.rung() => was_told = true,
                },
            }
            match self.poll(task).await {
                Err(fault) => return (Err(fault), was_told),
                Ok(Progress::Done(outcome)) => return (self.checked(outcome, count), was_told),
                Ok(Progress::Failed(fault)) => {
                    self.meter.fault(self.facts().id, &fault);
                    return (Err(fault), was_told);
                }
                Ok(Progress::Running { done, stage, ask_after }) => {
                    tell(done.map(|done| done.clamp(0.0, 1.0)), &stage);
                    let least = LEAST_POLL.min(self.poll_every);
                    pause = ask_after.unwrap_or(self.poll_every).clamp(least, self.longest_poll);
                    if bell.is_some() && self.is_told.load(Ordering::Relaxed) {
                        pause = pause.max(self.told_poll);
                    }
                }
            }
        }
    }

    /// Stops a task at the vendor.
    pub async fn cancel(&self, task: &Task) -> Result<Cancelled, Fault> {
        self.again(|| self.provider.cancel(&self.desk, task)).await
    }

    /// Verifies a delivery to our webhook address. It is not repeated: whoever sends nonsense is not worth it.
    pub async fn webhook(&self, delivery: &Delivery) -> Result<Notice, Fault> {
        self.provider.webhook(&self.desk, delivery).await
    }

    /// Gets an output and looks at its first bytes.
    pub async fn collect(&self, model: &Model, output: &Output) -> Result<Collected, Fault> {
        let fetched = match &output.source {
            Source::Bytes(bytes) => Ok(bytes.clone()),
            Source::Url(url) => self.again(|| self.desk.fetch_result(url, false)).await,
            Source::UrlWithKey(url) => self.again(|| self.desk.fetch_result(url, true)).await,
        };
        // It was made and has to be paid for, and cannot be had.
        let bytes = fetched.map_err(|fault| Fault::new(FaultKind::ResultLost, fault.message).bought(Bought::Yes))?;
        let lost = |words: &str| Fault::new(FaultKind::ResultLost, words).bought(Bought::Yes);
        if bytes.is_empty() {
            return Err(lost("the result is empty"));
        }
        let media_type = sniff::sniff(&bytes)
            .ok_or_else(|| lost("the result is neither a picture nor a video that is known here"))?;
        if !sniff::fits(model.kind, media_type) {
            return Err(lost("the result is of another kind than the model makes"));
        }
        Ok(Collected {
            bytes,
            media_type,
            seed: output.seed,
            revised_prompt: output.revised_prompt.clone(),
            flags: output.flags.clone(),
        })
    }

    /// An outcome has at least one output; more than were asked for are not handed on, because they were not priced.
    fn checked(&self, mut outcome: Outcome, count: u32) -> Result<Outcome, Fault> {
        if outcome.outputs.is_empty() {
            return Err(Fault::unreadable("the answer holds no result").bought(Bought::Unknown));
        }
        let count = count as usize;
        if outcome.outputs.len() > count {
            outcome.notes.push(format!(
                "The vendor sent {} results; {count} were asked for.",
                outcome.outputs.len()
            ));
            outcome.outputs.truncate(count);
        }
        let made = outcome.outputs.len();
        if made < count {
            outcome
                .notes
                .push(format!("The vendor sent {made} of {count} results."));
        }
        self.meter.note(self.facts().id, |counts| {
            counts.outputs += made as u64;
            counts.cost = counts.cost + outcome.cost.unwrap_or_default();
        });
        Ok(outcome)
    }

    /// For what may be asked as often as one likes.
    async fn again<T, F>(&self, ask: impl Fn() -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let mut tried = 0;
        loop {
            let fault = match ask().await {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            tried += 1;
            let Some(pause) = self.retry.pause(&fault, tried) else {
                return Err(fault);
            };
            tokio::time::sleep(pause).await;
        }
    }
}

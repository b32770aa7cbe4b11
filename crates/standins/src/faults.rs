//! What can go wrong at any vendor: one list for all, with what has to come of each.
//!
//! `Expect::Refused` and its siblings say what [`aquatint_providers::Service`] may answer. Beside it the contract suite
//! holds for every case: the key goes nowhere else, what is not certainly unbought is not sent again, and no more was
//! sold than was delivered or is owned up to as unknown.

use aquatint_providers::{Bought, FaultKind};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::http::{self, Reply};
use crate::shop::{Spoil, State};
use crate::{MOMENT, Step};

/// A trouble that vendors have words of their own for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The key is not known.
    BadKey,
    /// The account has no money.
    NoMoney,
    /// The key may not do this.
    Forbidden,
    /// There is no such model, task or path.
    NotFound,
    Conflict,
    /// The request is too large.
    TooLarge,
    /// An input breaks the vendor's rules.
    Invalid,
    /// The content rules refuse it when it is submitted. A vendor that only refuses later answers as for `Invalid`.
    Moderated,
    Throttled,
    /// The vendor broke and says so in its own form.
    Broken,
    Overloaded,
}

/// What the stand-in does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Act {
    Trouble(Trouble),
    /// The same with `Retry-After`.
    TroubleFor(Trouble, &'static str),
    /// A status with a bare word.
    Bare(u16),
    /// A status with a web page, as a proxy would.
    Page(u16),
    /// Reads the request and hangs up.
    HangsUp,
    /// Reads the request and says nothing.
    Silent,
    /// Says a byte now and then.
    Drips,
    /// Hangs up in the middle of the answer.
    Cut,
    /// A good status and nothing else.
    Empty,
    NotJson,
    OtherShape,
    /// Announces more than anybody reads.
    TooLarge,
    /// Compressed, which nobody asked for.
    Compressed,
    /// Moved to somebody else's server.
    Redirects,
    Spoiled(Spoil),
    /// Tasks are in this state.
    State(State),
}

impl Act {
    /// Whether the vendor plainly did not do what was asked, so that nothing was sold.
    pub fn refuses(self) -> bool {
        matches!(
            self,
            Act::Trouble(_) | Act::TroubleFor(..) | Act::Redirects | Act::Bare(400..=499) | Act::Page(503)
        )
    }
}

/// What has to come of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Expect {
    /// A result all the same.
    Success,
    /// One of these faults, and surely nothing was bought.
    Refused(&'static [FaultKind]),
    /// One of these faults, and it is not sent again.
    InDoubt(&'static [FaultKind]),
    /// One of these faults; whether it was bought is the vendor's to say, but it is not sent again when it is not sure.
    Fails(&'static [FaultKind]),
    /// It was bought, and cannot be had.
    Lost(&'static [FaultKind]),
}

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    pub name: &'static str,
    pub step: Step,
    pub act: Act,
    /// How often, before the vendor is well again.
    pub times: u32,
    pub expect: Expect,
}

const ALWAYS: u32 = u32::MAX;

const fn case(name: &'static str, step: Step, act: Act, times: u32, expect: Expect) -> Case {
    Case {
        name,
        step,
        act,
        times,
        expect,
    }
}

use Expect::{Fails, InDoubt, Lost, Refused, Success};
use FaultKind as F;
use Step::{Poll, Result as Fetch, Submit};

/// Every case.
pub const CASES: &[Case] = &[
    // The submit is refused in the vendor's own words.
    case(
        "bad key",
        Submit,
        Act::Trouble(Trouble::BadKey),
        ALWAYS,
        Refused(&[F::BadKey, F::Forbidden]),
    ),
    case(
        "no money",
        Submit,
        Act::Trouble(Trouble::NoMoney),
        ALWAYS,
        Refused(&[F::NoMoney]),
    ),
    case(
        "forbidden",
        Submit,
        Act::Trouble(Trouble::Forbidden),
        ALWAYS,
        Refused(&[F::Forbidden, F::BadKey]),
    ),
    case(
        "no such model",
        Submit,
        Act::Trouble(Trouble::NotFound),
        ALWAYS,
        Refused(&[F::NoSuchModel]),
    ),
    case(
        "conflict",
        Submit,
        Act::Trouble(Trouble::Conflict),
        ALWAYS,
        Refused(&[F::InvalidInput]),
    ),
    case(
        "request too large",
        Submit,
        Act::Trouble(Trouble::TooLarge),
        ALWAYS,
        Refused(&[F::InvalidInput]),
    ),
    case(
        "invalid input",
        Submit,
        Act::Trouble(Trouble::Invalid),
        ALWAYS,
        Refused(&[F::InvalidInput]),
    ),
    case(
        "moderated at once",
        Submit,
        Act::Trouble(Trouble::Moderated),
        ALWAYS,
        Refused(&[F::Refused, F::InvalidInput]),
    ),
    case(
        "throttled once, with Retry-After",
        Submit,
        Act::TroubleFor(Trouble::Throttled, "0"),
        1,
        Success,
    ),
    case(
        "throttled once, without Retry-After",
        Submit,
        Act::Trouble(Trouble::Throttled),
        1,
        Success,
    ),
    case(
        "throttled for an hour",
        Submit,
        Act::TroubleFor(Trouble::Throttled, "3600"),
        ALWAYS,
        Refused(&[F::Throttled]),
    ),
    case(
        "throttled until a date",
        Submit,
        Act::TroubleFor(Trouble::Throttled, "Fri, 31 Dec 2100 23:59:59 GMT"),
        ALWAYS,
        Refused(&[F::Throttled]),
    ),
    case(
        "throttled for ever",
        Submit,
        Act::Trouble(Trouble::Throttled),
        ALWAYS,
        Refused(&[F::Throttled]),
    ),
    case("overloaded once", Submit, Act::Trouble(Trouble::Overloaded), 1, Success),
    case(
        "overloaded for ever",
        Submit,
        Act::Trouble(Trouble::Overloaded),
        ALWAYS,
        Refused(&[F::Overloaded]),
    ),
    case(
        "broken in its own words",
        Submit,
        Act::Trouble(Trouble::Broken),
        ALWAYS,
        Fails(&[F::VendorFailed]),
    ),
    // The submit is answered by something else.
    case(
        "401 without words",
        Submit,
        Act::Bare(401),
        ALWAYS,
        Refused(&[F::BadKey]),
    ),
    case("503 without words, once", Submit, Act::Page(503), 1, Success),
    case(
        "500 without words",
        Submit,
        Act::Bare(500),
        ALWAYS,
        InDoubt(&[F::VendorFailed]),
    ),
    case(
        "502 as a web page",
        Submit,
        Act::Page(502),
        ALWAYS,
        InDoubt(&[F::VendorFailed]),
    ),
    case(
        "504 as a web page",
        Submit,
        Act::Page(504),
        ALWAYS,
        InDoubt(&[F::VendorFailed]),
    ),
    case(
        "good status, web page",
        Submit,
        Act::Page(200),
        ALWAYS,
        InDoubt(&[F::Unreadable]),
    ),
    case(
        "good status, nothing",
        Submit,
        Act::Empty,
        ALWAYS,
        InDoubt(&[F::Unreadable]),
    ),
    case(
        "good status, no JSON",
        Submit,
        Act::NotJson,
        ALWAYS,
        InDoubt(&[F::Unreadable]),
    ),
    case(
        "good status, other shape",
        Submit,
        Act::OtherShape,
        ALWAYS,
        InDoubt(&[F::Unreadable]),
    ),
    case(
        "answer too large",
        Submit,
        Act::TooLarge,
        ALWAYS,
        InDoubt(&[F::Unreadable]),
    ),
    case(
        "answer compressed",
        Submit,
        Act::Compressed,
        ALWAYS,
        InDoubt(&[F::Unreadable]),
    ),
    case(
        "answer cut off",
        Submit,
        Act::Cut,
        ALWAYS,
        InDoubt(&[F::Unreadable, F::Unreachable]),
    ),
    case("answer drips", Submit, Act::Drips, ALWAYS, InDoubt(&[F::TimedOut])),
    case(
        "hangs up",
        Submit,
        Act::HangsUp,
        ALWAYS,
        InDoubt(&[F::Unreadable, F::Unreachable]),
    ),
    case("says nothing", Submit, Act::Silent, ALWAYS, InDoubt(&[F::TimedOut])),
    case("redirects", Submit, Act::Redirects, ALWAYS, InDoubt(&[F::Unreadable])),
    // What is sold is not what was asked for.
    case("fewer outputs", Submit, Act::Spoiled(Spoil::Fewer), ALWAYS, Success),
    case("more outputs", Submit, Act::Spoiled(Spoil::More), ALWAYS, Success),
    case(
        "no outputs",
        Submit,
        Act::Spoiled(Spoil::None),
        ALWAYS,
        InDoubt(&[F::Unreadable]),
    ),
    case(
        "a web page for a picture",
        Submit,
        Act::Spoiled(Spoil::WebPage),
        ALWAYS,
        Lost(&[F::ResultLost]),
    ),
    case(
        "nothing for a picture",
        Submit,
        Act::Spoiled(Spoil::Empty),
        ALWAYS,
        Lost(&[F::ResultLost]),
    ),
    case(
        "another kind of file",
        Submit,
        Act::Spoiled(Spoil::OtherKind),
        ALWAYS,
        Lost(&[F::ResultLost]),
    ),
    // Polls, for vendors with tasks.
    case(
        "poll throttled once",
        Poll,
        Act::TroubleFor(Trouble::Throttled, "0"),
        1,
        Success,
    ),
    case("poll broken once", Poll, Act::Page(502), 1, Success),
    case("poll hangs up once", Poll, Act::HangsUp, 1, Success),
    case("poll not JSON once", Poll, Act::NotJson, 1, Success),
    case("poll silent once", Poll, Act::Silent, 1, Success),
    case(
        "key withdrawn while waiting",
        Poll,
        Act::Trouble(Trouble::BadKey),
        ALWAYS,
        Lost(&[F::BadKey, F::Forbidden]),
    ),
    case(
        "poll broken for ever",
        Poll,
        Act::Page(500),
        ALWAYS,
        Lost(&[F::VendorFailed]),
    ),
    case(
        "an unknown state for a while",
        Poll,
        Act::State(State::Strange),
        2,
        Success,
    ),
    case(
        "task failed",
        Poll,
        Act::State(State::Failed),
        1,
        Fails(&[F::TaskFailed, F::VendorFailed, F::Overloaded]),
    ),
    case(
        "task moderated",
        Poll,
        Act::State(State::Moderated),
        1,
        Fails(&[F::Refused]),
    ),
    case(
        "task lost",
        Poll,
        Act::State(State::Lost),
        ALWAYS,
        Fails(&[F::TaskLost]),
    ),
    case(
        "task never ends",
        Poll,
        Act::State(State::Running),
        ALWAYS,
        Lost(&[F::TimedOut]),
    ),
    case(
        "poll at a stranger's",
        Submit,
        Act::Spoiled(Spoil::ForeignPollUrl),
        ALWAYS,
        Fails(&[F::Unreadable]),
    ),
    // Results, for vendors that hand out URLs.
    case("result gone", Fetch, Act::Bare(404), ALWAYS, Lost(&[F::ResultLost])),
    case("result expired", Fetch, Act::Bare(403), ALWAYS, Lost(&[F::ResultLost])),
    case("result late", Fetch, Act::Bare(503), 1, Success),
    case("result cut off once", Fetch, Act::Cut, 1, Success),
    case("result cut off", Fetch, Act::Cut, ALWAYS, Lost(&[F::ResultLost])),
    case("result drips", Fetch, Act::Drips, ALWAYS, Lost(&[F::ResultLost])),
    case("result too large", Fetch, Act::TooLarge, ALWAYS, Lost(&[F::ResultLost])),
    case(
        "result compressed",
        Fetch,
        Act::Compressed,
        ALWAYS,
        Lost(&[F::ResultLost]),
    ),
    case(
        "result redirects to a private network",
        Fetch,
        Act::Redirects,
        ALWAYS,
        Lost(&[F::ResultLost]),
    ),
    case(
        "result on a private network",
        Submit,
        Act::Spoiled(Spoil::PrivateUrl),
        ALWAYS,
        Lost(&[F::ResultLost]),
    ),
];

impl Expect {
    /// What may be said of the money.
    pub fn allows(self, bought: Bought) -> bool {
        match self {
            Success | Fails(_) => true,
            Refused(_) => bought == Bought::No,
            InDoubt(_) => bought == Bought::Unknown,
            Lost(_) => bought == Bought::Yes,
        }
    }

    pub fn kinds(self) -> &'static [FaultKind] {
        match self {
            Success => &[],
            Refused(kinds) | InDoubt(kinds) | Fails(kinds) | Lost(kinds) => kinds,
        }
    }
}

/// Plays a fault.
pub(crate) async fn act(
    stream: &mut TcpStream,
    case: &Case,
    trouble: fn(Trouble) -> Reply,
    good: &Reply,
) -> std::io::Result<()> {
    let reply = match case.act {
        Act::Trouble(which) => trouble(which),
        Act::TroubleFor(which, wait) => trouble(which).with("retry-after", wait),
        Act::Bare(status) => Reply::text(status, "no"),
        Act::Page(status) => Reply::html(status),
        Act::HangsUp => return Ok(()),
        Act::Silent => {
            std::future::pending::<()>().await;
            return Ok(());
        }
        Act::Drips => {
            stream.write_all(good.head(good.body.len()).as_bytes()).await?;
            for byte in good.body.iter() {
                stream.write_all(&[*byte]).await?;
                stream.flush().await?;
                tokio::time::sleep(MOMENT * 10).await;
            }
            return stream.shutdown().await;
        }
        Act::Cut => {
            stream.write_all(good.head(good.body.len()).as_bytes()).await?;
            stream.write_all(&good.body[..good.body.len() / 2]).await?;
            stream.flush().await?;
            tokio::time::sleep(MOMENT).await;
            return Ok(());
        }
        Act::Empty => Reply::of(200, "application/json", ""),
        Act::NotJson => Reply::of(200, "application/json", "{\"data\": [oops"),
        Act::OtherShape => Reply::of(200, "application/json", "{\"weather\": \"fine\"}"),
        Act::TooLarge => {
            stream.write_all(good.head(usize::MAX / 4).as_bytes()).await?;
            return stream.shutdown().await;
        }
        Act::Compressed => good.clone().with("content-encoding", "gzip"),
        Act::Redirects => Reply::text(302, "moved").with("location", "http://10.0.0.1/elsewhere"),
        Act::Spoiled(_) | Act::State(_) => good.clone(),
    };
    http::write(stream, &reply).await
}

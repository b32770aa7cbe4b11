//! What a stand-in sells and remembers: purchases, tasks and their states, results.

use bytes::Bytes;

use crate::files;
use crate::http::Reply;
use crate::webhooks::Asked;

/// Paths of results that need no key.
pub const RESULTS: &str = "/results/";

/// A state of a task, for the vendor's file to put into the vendor's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Running,
    Done,
    /// It ended without a result, through the vendor's fault.
    Failed,
    /// It ended because of the content.
    Moderated,
    /// The vendor does not know it any more: answered as its documentation says for an unknown id.
    Lost,
    /// A state that the documentation does not list.
    Strange,
}

/// How goods are spoilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoil {
    /// A web page in place of a picture.
    WebPage,
    Empty,
    /// Of another kind than the model makes: a video for a picture, a picture for a video.
    OtherKind,
    /// One output less than asked for.
    Fewer,
    /// One output more.
    More,
    /// None at all.
    None,
    /// URLs of results on a private network.
    PrivateUrl,
    /// The polling URL belongs to somebody else; only for vendors that name one.
    ForeignPollUrl,
}

/// The memory of a stand-in.
pub struct Shop {
    /// The stand-in's own address.
    pub url: String,
    /// Outputs that were sold, as the vendor would bill them.
    pub sold: u32,
    /// States that the next polls see, before the task is done.
    pub states: Vec<State>,
    pub spoil: Option<Spoil>,
    /// What is handed out as a video, in place of the beginning of one.
    pub film: Option<Bytes>,
    /// Tasks by number: outputs, whether they are videos, and what else the vendor's file wants to remember.
    pub tasks: Vec<Sold>,
    /// Tasks that were cancelled, by id.
    pub cancelled: Vec<String>,
    /// Orders that named an address to be told at.
    pub webhooks: Vec<Asked>,
}

/// One purchase.
#[derive(Clone, Debug)]
pub struct Sold {
    pub id: String,
    pub count: u32,
    pub is_video: bool,
    /// The vendor's file may keep here what a later answer repeats, such as a seed or a model.
    pub note: String,
}

impl Shop {
    pub(crate) fn new(url: String) -> Self {
        Self {
            url,
            sold: 0,
            states: vec![State::Running],
            spoil: None,
            film: None,
            tasks: Vec::new(),
            cancelled: Vec::new(),
            webhooks: Vec::new(),
        }
    }

    /// Sells so many outputs and returns the id of the task: `prefix` and a number.
    pub fn sell(&mut self, prefix: &str, count: u32, is_video: bool) -> String {
        self.sold += count;
        let id = format!("{prefix}{}", self.tasks.len() + 1);
        self.tasks.push(Sold {
            id: id.clone(),
            count,
            is_video,
            note: String::new(),
        });
        id
    }

    /// The task of that id, if it was sold here.
    pub fn task(&self, id: &str) -> Option<&Sold> {
        self.tasks.iter().find(|task| task.id == id)
    }

    /// The state that this poll sees.
    pub fn state(&mut self, id: &str) -> State {
        if self.task(id).is_none() {
            return State::Lost;
        }
        if self.states.is_empty() {
            State::Done
        } else {
            self.states.remove(0)
        }
    }

    /// How many outputs are handed out for `count`.
    pub fn outputs(&self, count: u32) -> u32 {
        match self.spoil {
            Some(Spoil::Fewer) => count.saturating_sub(1),
            Some(Spoil::More) => count + 1,
            Some(Spoil::None) => 0,
            _ => count,
        }
    }

    /// The bytes of an output.
    pub fn goods(&self, is_video: bool) -> Bytes {
        match self.spoil {
            Some(Spoil::WebPage) => Reply::html(200).body,
            Some(Spoil::Empty) => Bytes::new(),
            Some(Spoil::OtherKind) if is_video => files::grey_png(),
            Some(Spoil::OtherKind) => files::mp4(),
            _ if is_video => self.film.clone().unwrap_or_else(files::mp4),
            _ => files::grey_png(),
        }
    }

    /// The URL of an output that needs no key.
    pub fn result_url(&self, is_video: bool) -> String {
        let ending = if is_video { "mp4" } else { "png" };
        if self.spoil == Some(Spoil::PrivateUrl) {
            return format!("http://169.254.169.254/latest/{}.{ending}", self.tasks.len());
        }
        format!("{}{RESULTS}{}.{ending}", self.url, self.tasks.len())
    }

    /// The URL at which a vendor that names one wants to be asked; `path` is the documented one.
    pub fn poll_url(&self, path: &str) -> String {
        if self.spoil == Some(Spoil::ForeignPollUrl) {
            return format!("https://polls.attacker.example{path}");
        }
        format!("{}{path}", self.url)
    }

    pub(crate) fn result(&self, path: &str) -> Reply {
        let is_video = path.ends_with(".mp4");
        let kind = if is_video { "video/mp4" } else { "image/png" };
        Reply::of(200, kind, self.goods(is_video))
    }
}

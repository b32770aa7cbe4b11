//! What tests stand on: a clock that a test moves, databases that are thrown away, a web server and
//! a mail server that misbehave on request, pictures with known properties, and a comparer that sees as people do.
//!
//! It is for tests only: what cannot be set up panics with the reason.

pub mod checkpoint;
mod clock;
mod compare;
mod database;
mod far_server;
mod files;
pub mod films;
mod github_server;
mod onnx;
pub mod pictures;
mod smtp_server;

pub use clock::FrozenClock;
pub use compare::{Difference, Tolerance, assert_alike, compare};
pub use database::TestDatabase;
pub use far_server::FarServer;
pub use files::{PRIVATE_EXIF, cmyk_jpeg, gif, gray_png16, jpeg, phone_jpeg, png, rgba_png16};
pub use github_server::{GITHUB_CLIENT_ID, GITHUB_CLIENT_SECRET, GithubPerson, GithubServer};
pub use onnx::{TestModel, onnx};
pub use smtp_server::{ReceivedMail, SmtpMood, SmtpServer, SmtpTls};

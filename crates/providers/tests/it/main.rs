//! The fetcher against hostile URLs, hostile names and hostile servers, and letters to a strict mail server, all on this machine.

mod hostile;
mod kit;
mod mail;
mod matrix;
mod names;
mod redirects;
mod servers;
mod texts;
mod tls;

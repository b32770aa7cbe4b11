//! The fetcher against hostile URLs, hostile names and hostile servers, all on this machine.

mod hostile;
mod kit;
mod matrix;
mod names;
mod redirects;
mod servers;
mod texts;
mod tls;

//! The fetcher against hostile URLs, hostile names and hostile servers, and every vendor against its stand-in, all on
//! this machine.

mod contract;
mod described;
mod hostile;
mod kit;
mod matrix;
mod names;
mod redirects;
mod servers;
mod texts;
mod tls;

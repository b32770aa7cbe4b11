//! The fetcher against hostile URLs, hostile names and hostile servers, and every vendor against its stand-in, all on
//! this machine.

mod contract;
mod hostile;
mod kit;
mod matrix;
mod names;
mod redirects;
mod servers;
mod texts;
mod tls;
mod video_vendors;

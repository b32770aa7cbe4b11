//! The fetcher against hostile URLs, hostile names and hostile servers, and letters to a strict mail server, all on this machine.
//! The fetcher against hostile URLs, hostile names and hostile servers, and every vendor against its stand-in, all on
//! this machine.

mod chat;
mod contract;
mod described;
mod google_and_bfl;
mod hostile;
mod kit;
mod mail;
mod matrix;
mod names;
mod picture_services;
mod redirects;
mod servers;
mod texts;
mod tls;
mod video_vendors;

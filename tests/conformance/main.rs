//! Whole models against densities written by hand: what the language says is what is computed.

mod by_hand;
mod harness;

mod arrays;
mod centring;
mod counts;
mod discrete;
mod elements;
mod elimination;
mod loops;
mod missing;
mod nests;
mod odes;
mod patterns;
mod questions;
mod ragged;
mod scans;
mod statements;
mod states;

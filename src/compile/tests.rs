//! Compiled models against hand-written densities.

//! The filter language: parse, explain errors, evaluate.

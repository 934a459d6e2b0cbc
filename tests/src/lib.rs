//! The lab: network namespaces, processes of known behaviour, and the truth about what they did.

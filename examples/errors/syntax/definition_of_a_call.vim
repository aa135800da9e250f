# Only names and elements are defined.
log(y) = 3
a + b = 4

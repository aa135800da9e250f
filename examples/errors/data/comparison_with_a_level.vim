# A level that is misspelt.
b ~ Normal(0, 1)
y ~ Normal(b * (county == "AITKEN"), 1)

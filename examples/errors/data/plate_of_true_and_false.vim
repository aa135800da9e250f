# A column of true and false has no levels.
b[treated] ~ Normal(0, 1)
y          ~ Normal(b[treated], 1)

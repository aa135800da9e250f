# True and false pick elements; they do not look one of two up.
b[2] ~ Normal(0, 1)
y    ~ Normal(b[treated], 1)

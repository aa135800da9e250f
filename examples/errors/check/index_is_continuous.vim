# An index is a whole number.
tau ~ HalfNormal(1)
b[2] ~ Normal(0, 1)
y ~ Normal(b[tau], 1)

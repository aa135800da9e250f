# A factor that is never finite.
a ~ Normal(0, 1)
factor -exp(1000 + a^2)
y ~ Normal(a, 1)

# A statement for a slice uses values that it defines itself.
s ~ HalfNormal(1)
y[2:rows] ~ Normal(0.8 * y[1:rows - 1], s)

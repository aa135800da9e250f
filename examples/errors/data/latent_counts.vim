# Counts that are not data.
x ~ Multinomial(4, [0.2, 0.8])
y ~ Normal(x[1], 1)

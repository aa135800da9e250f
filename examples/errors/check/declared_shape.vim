# Data of another shape than declared.
data x: real[3]
data y: real[2]
b ~ Normal(0, 1)
y ~ Normal(b * x[1:2], 1)

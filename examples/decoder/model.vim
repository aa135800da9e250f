# A curve that a neural network learns. Shows: a latent per row, a decoder with two layers, weights as `param`.

hidden = 8
param W1[1, hidden]
param b1[hidden]
param W2[hidden, 5]
param b2[5]
## sd of the noise
param s in (0, inf)

## where a row lies along the curve
z[rows, 1] ~ Normal(0, 1)
cbind(x1, x2, x3, x4, x5) ~ Normal(tanh(z @ W1 + b1) @ W2 + b2, s)

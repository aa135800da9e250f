# A smooth curve through many points: heights at 21 knots, straight lines between them. Shows: a matrix made from data,
# heights that follow a random walk in their slope.

knots = seq(0, 10, length = 21)
## weights of the knots for each row
B = relu(1 - 2 * abs(outer(x, ones(21)) - outer(ones(rows), knots)))
## how much the slope changes from knot to knot
bend      ~ HalfNormal(1)
height[1] ~ Normal(0, 5)
height[2] ~ Normal(0, 5)
for k in 3:21 {
  height[k] ~ Normal(2 * height[k - 1] - height[k - 2], bend)
}
sigma ~ HalfNormal(1)
y     ~ Normal(B @ height, sigma)

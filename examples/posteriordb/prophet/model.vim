# Downloads along the days: a line with bends at given days, most of them small, and a weekly and a yearly cycle.

growth            ~ Normal(0, 5)
offset            ~ Normal(0, 5)
bend[len(change)] ~ Laplace(0, 0.3)
weekly[2]         ~ Normal(0, 1)
yearly[2]         ~ Normal(0, 1)
sigma             ~ HalfNormal(0.5)
after             = relu(outer(t, ones(len(change))) - outer(ones(len(t)), change))
waves             = 2 * pi * cbind(days * t / 7, days * t / 365.25)
y                 ~ Normal(
  offset + growth * t + after @ bend + cbind(sin(waves[:, 1]), cos(waves[:, 1])) @ weekly
    + cbind(sin(waves[:, 2]), cos(waves[:, 2])) @ yearly,
  sigma,
)

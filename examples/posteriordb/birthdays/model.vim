# Births a day: a slow trend from few waves, a yearly cycle, and days of the week.

t        = standardize(day)
edge     = 1.5 * max(t)
phi      = sin(outer(t + edge, seq(1, 6)) * pi / (2 * edge)) / sqrt(edge)
turn     = 2 * pi * outer(day, seq(1, 3)) / 365.25
level    ~ Normal(0, 1)
height   ~ HalfNormal(1)
length   = 1.2  # chosen, in standard deviations of the days
trend[6] ~ Normal(
  0,
  height * sqrt(sqrt(2 * pi) * length) * exp(-(length * pi * seq(1, 6) / (2 * edge))^2 / 4),
)
cycle[6] ~ Normal(0, 0.5)
## from day to day of the week
week[7] ~ zero_sum(Normal(0, 1))
sigma   ~ HalfNormal(0.5)
births  ~ Normal(level + phi @ trend + cbind(cos(turn), sin(turn)) @ cycle + week[weekday], sigma)

# A number has digits on both sides of its point.
p ~ Beta(.5, 2)
y ~ Bernoulli(p)

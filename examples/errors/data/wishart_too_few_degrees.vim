# A Wishart distribution of 3 x 3 matrices has more than 2 degrees of freedom.
S ~ Wishart(2, eye(3))
y ~ MvNormal([0, 0, 0], cov = S)

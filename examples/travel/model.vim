# How people travel to work: by bus, bicycle or car. Shows: regression on categories by softmax.

## log odds against the bus, for a way of 5 km
bicycle ~ Normal(0, 2)
car     ~ Normal(0, 2)
## change for each km more
bicycle_km ~ Normal(0, 1)
car_km     ~ Normal(0, 1)
mode       ~ Categorical(
  logits = cbind(0, bicycle + bicycle_km * (km - 5), car + car_km * (km - 5)),
)

## shares of bus, bicycle and car among people 2 km away
near = softmax([0, bicycle - 3 * bicycle_km, car - 3 * car_km])

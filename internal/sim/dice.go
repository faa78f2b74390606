package sim

// dice is all chance there is: splitmix64 (Steele, Lea, Flood: "Fast Splittable
// Pseudorandom Number Generators", section 3) from the seed of the run. Whatever
// throws them does so in an order that the seed alone decides.
type dice struct{ state uint64 }

func (d *dice) next() uint64 {
	d.state += 0x9e3779b97f4a7c15
	z := d.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below is 0 to n-1; n is 1 or more.
func (d *dice) below(n int64) int64 { return int64(d.next() % uint64(n)) }

// between is from least to most, both included.
func (d *dice) between(least, most int64) int64 { return least + d.below(most-least+1) }

// chance is true so many times in a thousand.
func (d *dice) chance(perMille int64) bool { return d.below(1000) < perMille }

// spread is from least to most, small numbers as often as large ones: each
// doubling is as likely as the one before.
func (d *dice) spread(least, most int64) int64 {
	doublings := int64(0)
	for least<<doublings < most {
		doublings++
	}
	low := least << d.below(doublings+1)
	return min(d.between(low, 2*low), most)
}

// fork is dice of their own for one subject, so that more throws here change
// none there.
func (d *dice) fork() dice { return dice{d.next()} }

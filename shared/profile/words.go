package profile

// words is the dictionary of the encodings: common names of traits, stages and events. It is part of the format: entries are
// appended, never moved or removed.
var words = [...]string{
	"", "email", "name", "first_name", "last_name", "firstName", "lastName", "phone", "username", "gender",
	"age", "birthday", "avatar", "title", "company", "industry", "employees", "plan", "website", "description",
	"address", "city", "country", "state", "postal_code", "street", "region", "province", "language", "locale",
	"timezone", "currency", "created_at", "createdAt", "updated_at", "signup_date", "channel", "source", "medium", "campaign",
	"referrer", "platform", "device", "os", "browser", "app_version", "level", "vip", "member_level", "points",
	"balance", "status", "role", "type", "category", "tags", "newsletter", "marketing_opt_in", "email_opt_in", "sms_opt_in",
	"push_enabled", "consent", "subscribed", "trial", "utm_source", "utm_medium", "utm_campaign", "id", "user_id", "group_id",
	"potential", "first_purchase", "active", "silent", "churned", "introduction", "growing", "mature", "dormant", "new_buyers",
	"winback", "welcome", "loyal", "champions", "at_risk", "high_value", "mid_value", "low_value", "high", "mid",
	"low", "gold", "silver", "bronze", "free", "pro", "basic", "premium", "enterprise", "male",
	"female", "other", "unknown", "web", "ios", "android", "mobile", "desktop", "app", "email_verified",
	"phone_verified", "is_member", "CN", "US", "GB", "DE", "FR", "JP", "KR", "IN",
	"zh-CN", "en-US", "en", "zh", "Order Completed", "Order Refunded", "$page", "$screen", "$identify", "$group",
	"$alias", "Product Viewed", "Product Added", "Signed Up", "Signed In", "Checkout Started", "Cart Viewed", "coupon", "member", "registered_at",
}

var wordIndex = func() map[string]int {
	m := make(map[string]int, len(words))
	for i, w := range words {
		m[w] = i
	}
	return m
}()
